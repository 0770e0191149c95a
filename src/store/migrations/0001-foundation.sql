-- What a node keeps for itself (settings), code by digest (artifacts), and what is written while
-- functions run (usage and log lines). Account and region are part of every key that is like an ARN.

create table skein.settings (
  key text primary key,
  value jsonb not null,
  updated_at timestamptz not null default now()
);

create table skein.artifacts (
  digest text primary key check (digest ~ '^[0-9a-f]{64}$'),
  bytes bigint not null check (bytes >= 0),
  chunks integer not null check (chunks >= 0),
  created_at timestamptz not null default now()
);

-- External without compression: packages are compressed already.
create table skein.artifact_chunks (
  digest text not null references skein.artifacts on delete cascade deferrable initially deferred,
  seq integer not null check (seq >= 0),
  content bytea not null,
  primary key (digest, seq)
);
alter table skein.artifact_chunks alter column content set storage external;

-- How much is kept in the two tables that only grow, so that retention need not count them.
create table skein.volumes (
  name text primary key,
  kept_rows bigint not null default 0,
  kept_bytes bigint not null default 0
);
insert into skein.volumes (name) values ('usage_records'), ('log_lines');

create table skein.usage_records (
  attempt_id uuid primary key,
  id bigint generated always as identity,
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  version integer not null,
  alias text,
  instance_id text,
  started_at_ms double precision not null,
  queued_ms double precision not null,
  init_ms double precision,
  duration_ms double precision not null,
  billed_ms double precision not null,
  memory_mb integer not null,
  max_memory_mb double precision not null,
  outcome text not null,
  error_type text
);
create unique index usage_records_id on skein.usage_records (id);
create index usage_records_function on skein.usage_records (account_id, region, function_name, id);

-- Sums of every record ever written, kept when the records go. An alias of '' is a call by version.
create table skein.usage_totals (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  version integer not null,
  alias text not null,
  invocations bigint not null,
  errors bigint not null,
  throttles bigint not null,
  cold_starts bigint not null,
  duration_ms numeric not null,
  init_ms numeric not null,
  billed_ms numeric not null,
  gb_seconds numeric not null,
  primary key (account_id, region, function_name, version, alias)
) with (fillfactor = 50);

create table skein.log_lines (
  id bigint generated always as identity primary key,
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  version integer not null,
  instance_id text not null,
  request_id uuid,
  level text,
  at_ms double precision not null,
  message text not null,
  dropped integer
);
create index log_lines_function on skein.log_lines (account_id, region, function_name, id);
