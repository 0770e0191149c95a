-- Groups of schedules, calls that are answered once however often they come, and provisioned instances by time.

create table skein.schedule_groups (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  name text not null,
  tags jsonb not null default '{}',
  created_at timestamptz not null default now(),
  modified_at timestamptz not null default now(),
  primary key (account_id, region, name)
);

insert into skein.schedule_groups (name) values ('default');

-- A call that its caller named: when it comes again, it has been answered. Kept for a day.
create table skein.client_tokens (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  operation text not null,
  token text not null,
  -- Of what was asked for: another wish under the same token is a mistake.
  digest text not null,
  used_at timestamptz not null default now(),
  primary key (account_id, region, operation, token)
);
create index client_tokens_age on skein.client_tokens (used_at);

-- How many there are when; null: always all of them. `wanted` is then the most that there may be at any time.
alter table skein.provisioned_concurrency add column plan jsonb;
