-- Functions that belong to no app, $LATEST, aliases with weights, provisioned instances by qualifier, and
-- which function changed at which revision.

alter table skein.functions alter column app drop not null;
alter table skein.labels alter column app drop not null;
create index labels_function on skein.labels (account_id, region, function_name);

-- What is told about a version: description, size and hash of its code, revision id, fields without effect.
alter table skein.versions add column details jsonb;
alter table skein.versions disable trigger versions_are_immutable;
update skein.versions v set details = jsonb_build_object(
  'description', '',
  'codeSize', a.bytes,
  'codeSha256', encode(decode(v.artifact, 'hex'), 'base64'),
  'revisionId', gen_random_uuid(),
  'lastModified', to_char(v.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+0000"'),
  'aws', '{}'::jsonb)
from skein.artifacts a where a.digest = v.artifact;
alter table skein.versions enable trigger versions_are_immutable;
alter table skein.versions alter column details set not null;

-- $LATEST: what a function would be published as. Changes in place.
create table skein.latest (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  artifact text not null references skein.artifacts,
  config jsonb not null,
  config_digest text not null,
  details jsonb not null,
  changed_at timestamptz not null default now(),
  primary key (account_id, region, function_name),
  foreign key (account_id, region, function_name) references skein.functions on delete cascade
);
create index latest_artifact on skein.latest (artifact);

-- Of what was deployed before, $LATEST is the newest version.
insert into skein.latest (account_id, region, function_name, artifact, config, config_digest, details, changed_at)
select distinct on (account_id, region, function_name)
  account_id, region, function_name, artifact, config, config_digest,
  details || jsonb_build_object('revisionId', gen_random_uuid()), created_at
from skein.versions order by account_id, region, function_name, version desc;

alter table skein.aliases
  add column second_version integer,
  add column second_weight double precision check (second_weight between 0 and 1),
  add column description text not null default '',
  add column revision_id uuid not null default gen_random_uuid(),
  add check ((second_version is null) = (second_weight is null)),
  add foreign key (account_id, region, function_name, second_version) references skein.versions;
create index aliases_version on skein.aliases (account_id, region, function_name, version);

-- Instances that are always initialised, of an alias or of a version.
create table skein.provisioned_concurrency (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  qualifier text not null,
  wanted integer not null check (wanted > 0),
  modified_at timestamptz not null default now(),
  primary key (account_id, region, function_name, qualifier),
  foreign key (account_id, region, function_name) references skein.functions on delete cascade
);
insert into skein.provisioned_concurrency (account_id, region, function_name, qualifier, wanted)
select account_id, region, name, 'live', provisioned from skein.functions where provisioned > 0;
alter table skein.functions drop column provisioned;

-- At which revision a function last changed, or went: what a node has to load again. Outlives its
-- function, as its counter of versions does.
create table skein.function_changes (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  revision bigint not null,
  primary key (account_id, region, function_name)
);
create index function_changes_revision on skein.function_changes (revision);

-- The last revision that changed anything beside functions: routes, databases.
alter table skein.revisions add column others bigint not null default 0;
update skein.revisions set others = revision;
