-- Queues: what they are, and what lies in them.

create table skein.queues (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  name text not null,
  -- Messages name this: one that is made later under the same name finds none of the earlier one's.
  id bigint generated always as identity unique,
  -- Whose manifest has it. Outlives the app, unless the app's data goes.
  app text,
  -- SQS's attributes in our words: model/queue.ts.
  settings json not null,
  -- An IAM document, as it was given.
  policy text,
  tags json not null default '{}',
  paused boolean not null default false,
  revision bigint not null default 1,
  created_at timestamptz not null default now(),
  modified_at timestamptz not null default now(),
  purged_at timestamptz,
  primary key (account_id, region, name)
);
create index queues_app on skein.queues (account_id, region, app) where app is not null;

-- Numbers grow in the order of sending: SQS's sequence numbers.
create sequence skein.message_numbers;

-- No foreign key: a lock on the queue's row with every send is more than it is worth. What a queue leaves behind
-- when it goes is swept.
create table skein.messages (
  queue_id bigint not null,
  number bigint not null,
  id uuid not null,
  -- When it may be handed out; while it is out, when that ends.
  visible_at timestamptz not null,
  sent_at timestamptz not null,
  -- Of the last time it was handed out. Who deletes or postpones it must name it.
  receipt uuid,
  -- Times it was handed out from this queue, and from those where it was before.
  receives integer not null default 0,
  receives_before integer not null default 0,
  first_received_at timestamptz,
  bytes integer not null,
  -- The group that it is in order within: of a FIFO queue. What a standard queue was told is in `details`.
  fifo_group text,
  body text not null,
  -- What else it was sent with.
  details json not null,
  -- Of a dead letter: where it comes from, and the deduplication id it has since.
  buried json,
  primary key (queue_id, number)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create index messages_visible on skein.messages (queue_id, visible_at);
create index messages_group on skein.messages (queue_id, fifo_group, number) where fifo_group is not null;
-- Received messages are the first of their group; of those that wait behind them there may be a million.
create index messages_group_received on skein.messages (queue_id, fifo_group)
  where fifo_group is not null and receipt is not null;

-- The groups of FIFO queues that hold messages. Whoever changes what is in a group holds its row.
create table skein.message_groups (
  queue_id bigint not null,
  group_id text not null,
  -- When something of it may be handed out: when its first message is visible and none of it is out.
  free_at timestamptz not null,
  primary key (queue_id, group_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create index message_groups_free on skein.message_groups (queue_id, free_at);

-- How many have ever come into a queue and gone out of it: two rows, so that those who send and those who delete
-- never wait for each other.
create table skein.message_volumes (
  queue_id bigint not null,
  side text not null check (side in ('in', 'out')),
  messages bigint not null,
  primary key (queue_id, side)
) with (fillfactor = 50);

-- What was sent to a FIFO queue in the last minutes; it outlives the message.
create table skein.message_deduplications (
  queue_id bigint not null,
  -- The group, or '' where the whole queue is the scope.
  scope text not null,
  deduplication_id text not null,
  message_id uuid not null,
  number bigint not null,
  expires_at timestamptz not null,
  primary key (queue_id, scope, deduplication_id)
);
create index message_deduplications_expire on skein.message_deduplications (expires_at);

-- Receives from a FIFO queue that may be asked for once more.
create table skein.receive_attempts (
  queue_id bigint not null,
  attempt_id text not null,
  receipt uuid not null,
  numbers bigint[] not null,
  expires_at timestamptz not null,
  primary key (queue_id, attempt_id)
);
create index receive_attempts_expire on skein.receive_attempts (expires_at);

-- Tasks that move messages out of a dead-letter queue. The node that holds the lease does it.
create table skein.message_moves (
  id uuid primary key,
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  source text not null,
  source_id bigint not null,
  -- Null: each message goes back to where it came from.
  destination text,
  max_per_second integer,
  status text not null check (status in ('running', 'completed', 'cancelled', 'failed')),
  moved bigint not null default 0,
  to_move bigint not null,
  failure text,
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  holder text,
  lease_until timestamptz not null default now()
);
create unique index message_moves_running on skein.message_moves (source_id) where status = 'running';
create index message_moves_source on skein.message_moves (account_id, region, source, started_at);
