-- What Lambda's API keeps beside functions (layers, event source mappings, code signing configurations,
-- capacity providers), and what it keeps of a function beyond its versions, in maps whose keys are
-- qualifiers ('$LATEST', an alias or a version).

create table skein.layers (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  name text not null,
  last_version integer not null,
  primary key (account_id, region, name)
);

-- A deleted version stays, unseen, while a function's version still has it under /opt.
create table skein.layer_versions (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  name text not null,
  version integer not null check (version > 0),
  artifact text not null references skein.artifacts,
  bytes bigint not null,
  unpacked_bytes bigint not null,
  description text not null,
  license text not null,
  runtimes text[] not null,
  architectures text[] not null,
  policy jsonb,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (account_id, region, name, version),
  foreign key (account_id, region, name) references skein.layers
);
create index layer_versions_artifact on skein.layer_versions (artifact);

create table skein.code_signing_configs (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  id text not null,
  settings jsonb not null,
  tags jsonb not null default '{}',
  modified_at timestamptz not null default now(),
  primary key (account_id, region, id)
);

-- No reference to functions: as on AWS, a mapping outlives its function until it is deleted.
create table skein.event_source_mappings (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  id uuid not null,
  function_name text not null,
  qualifier text,
  source text,
  enabled boolean not null,
  settings jsonb not null,
  tags jsonb not null default '{}',
  modified_at timestamptz not null default now(),
  primary key (account_id, region, id)
);
create index event_source_mappings_function on skein.event_source_mappings (account_id, region, function_name);

create table skein.capacity_providers (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  name text not null,
  settings jsonb not null,
  tags jsonb not null default '{}',
  modified_at timestamptz not null default now(),
  primary key (account_id, region, name)
);

alter table skein.functions
  add column urls jsonb not null default '{}',
  add column policies jsonb not null default '{}',
  add column event_invoke jsonb not null default '{}',
  add column tags jsonb not null default '{}',
  add column runtime_management jsonb not null default '{}',
  add column scaling jsonb not null default '{}',
  add column recursion text not null default 'Terminate' check (recursion in ('Allow', 'Terminate')),
  add column code_signing text;
