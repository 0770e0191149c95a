-- Provisioned concurrency: instances that wait initialised, and what they cost.

alter table skein.functions add column provisioned integer not null default 0 check (provisioned >= 0);

-- How long instances of a version waited or worked as provisioned ones, measured by one node from
-- `from_ms` to `to_ms`. The id is chosen by the node: a span that is written again counts once.
create table skein.provisioned_spans (
  span_id uuid primary key,
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  version integer not null,
  memory_mb integer not null,
  from_ms double precision not null,
  to_ms double precision not null,
  -- Instances × time: two instances for a second are 2,000.
  instance_ms double precision not null
);
create index provisioned_spans_age on skein.provisioned_spans (to_ms);

-- Kept for good, as `usage_totals`.
create table skein.provisioned_totals (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  version integer not null,
  gb_seconds numeric not null,
  primary key (account_id, region, function_name, version)
);
