-- Events that are treated otherwise than their function says, and lanes that keep order.
alter table skein.events
  -- Retries, age and dead-letter target of this event alone; null: its function's.
  add column terms json,
  -- The order in which events came.
  add column seq bigint generated always as identity;

-- A lane whose name has a slash is worked off in order, one event at a time.
create index events_in_order on skein.events (lane, seq) where strpos(lane, '/') > 0;

alter table skein.failed_events add column terms json;

-- What was run under which key, so that it is not run twice.
create table skein.idempotency_keys (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  key text not null,
  -- Of the run that has it; null: it is over.
  lease uuid,
  -- The node that runs it, and until when it may be silent.
  holder text,
  leased_until timestamptz,
  -- What it answered, and the bytes of that; no bytes: they were too many.
  answer json,
  body bytea,
  expires_at timestamptz not null,
  primary key (function_name, key)
);
create index idempotency_keys_age on skein.idempotency_keys (expires_at);
create index idempotency_keys_held on skein.idempotency_keys (holder) where holder is not null;

-- Functions whose events wait until somebody says otherwise, and those that did: a wait that was wanted makes none too old.
create table skein.event_pauses (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text primary key,
  paused_at timestamptz,
  resumed_at timestamptz
);

-- What came of the attempts that count, the first and the last ones.
alter table skein.events add column trail jsonb;
alter table skein.failed_events
  add column trail jsonb,
  -- ARNs of those who were told: a dead-letter target, a destination.
  add column told text[] not null default '{}';
create index failed_events_function on skein.failed_events (function_name, failed_at);

-- The forms of payloads that functions have handled lately: what a failed one is compared with.
create table skein.event_shapes (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  digest text not null,
  -- Types by path.
  shape json not null,
  seen_at timestamptz not null default now(),
  primary key (function_name, digest)
);
