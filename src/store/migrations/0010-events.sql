-- Events: what is to be delivered to a function and nobody waits for. A row from before it is acknowledged
-- until what came of it is settled.

create table skein.events (
  -- The request id of all its attempts. Made in the order of time, so that the key grows at its end.
  id uuid primary key,
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  -- What it waits in: events are counted, limited and claimed by lane. Of an asynchronous invocation, the function's name.
  lane text not null,
  function_name text not null,
  qualifier text,
  payload text not null,
  bytes integer not null,
  -- What travels with it: trace, client context, how many events its chain has.
  context json not null,
  accepted_at timestamptz not null default now(),
  -- When it may be claimed next; while it is claimed, when the lease ends.
  due_at timestamptz not null default now(),
  -- Of the claim that holds it. Who settles or renews must name it.
  lease uuid,
  -- The node that holds it.
  holder text,
  -- How often it was handed to a node, and how many of those count as attempts.
  claims integer not null default 0,
  attempts integer not null default 0,
  -- What the last attempt answered.
  failure json
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create index events_due on skein.events (lane, due_at);

-- How many have ever come into a lane and gone out of it: two rows, so that those who bring and those who
-- settle never wait for each other.
create table skein.event_volumes (
  lane text not null,
  side text not null check (side in ('in', 'out')),
  events bigint not null,
  bytes bigint not null,
  primary key (lane, side)
) with (fillfactor = 50);

-- Events that failed for good and that no destination took.
create table skein.failed_events (
  id uuid primary key,
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  lane text not null,
  function_name text not null,
  qualifier text,
  payload text not null,
  context json not null,
  accepted_at timestamptz not null,
  claims integer not null,
  attempts integer not null,
  reason text not null,
  failure json,
  failed_at timestamptz not null default now()
);
create index failed_events_age on skein.failed_events (failed_at);

-- Attempts of one event share its request id. Null where the attempt's own id is the request's.
alter table skein.usage_batches add column request_ids uuid[];
