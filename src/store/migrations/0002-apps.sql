-- Apps, their functions and everything a deploy changes. `revisions` holds one row: the number of
-- the newest configuration, raised at the end of every change, so that a node can tell whether its
-- snapshot is current. Account and region are part of every key from the start.

create table skein.revisions (
  one boolean primary key default true check (one),
  revision bigint not null
);
insert into skein.revisions (revision) values (0);

create table skein.apps (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  name text not null,
  created_at timestamptz not null default now(),
  deployed_at timestamptz not null default now(),
  primary key (account_id, region, name)
);

-- Host labels: one per app (its routes) and one per function. One table, so that an app and a
-- function can never answer at the same host. `function_name` is null for the app's own label.
create table skein.labels (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  label text not null,
  app text not null,
  function_name text,
  primary key (account_id, region, label),
  foreign key (account_id, region, app) references skein.apps on delete cascade
);

create table skein.functions (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  name text not null,
  app text not null,
  slug text not null,
  reserved integer,
  primary key (account_id, region, name),
  unique (account_id, region, slug),
  foreign key (account_id, region, app) references skein.apps on delete cascade
);
create index functions_app on skein.functions (account_id, region, app);

-- Outlives its function: a version number is never used twice, also not by a function that was
-- deleted and came back, because usage records and logs keep naming the old one.
create table skein.version_counters (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  last_version integer not null,
  primary key (account_id, region, function_name)
);

create table skein.versions (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  version integer not null check (version > 0),
  artifact text not null references skein.artifacts,
  config jsonb not null,
  config_digest text not null,
  created_at timestamptz not null default now(),
  primary key (account_id, region, function_name, version),
  foreign key (account_id, region, function_name) references skein.functions on delete cascade
);
create index versions_artifact on skein.versions (artifact);

create function skein.refuse_version_update() returns trigger language plpgsql as $$
begin
  raise exception 'version % of % is immutable', old.version, old.function_name;
end $$;
create trigger versions_are_immutable before update on skein.versions
  for each row execute function skein.refuse_version_update();

create table skein.aliases (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  alias text not null,
  version integer not null,
  primary key (account_id, region, function_name, alias),
  foreign key (account_id, region, function_name) references skein.functions on delete cascade,
  foreign key (account_id, region, function_name, version) references skein.versions on delete cascade
);

-- Where an alias pointed, oldest first: what a rollback goes back to.
create table skein.alias_moves (
  id bigint generated always as identity primary key,
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  function_name text not null,
  alias text not null,
  version integer not null,
  moved_at timestamptz not null default now(),
  foreign key (account_id, region, function_name) references skein.functions on delete cascade
);
create index alias_moves_of on skein.alias_moves (account_id, region, function_name, alias, id);

-- `normalised` is the path with its parameters' names taken out: /orders/{id} and /orders/{order}
-- are the same route. `host` is an app's label or a whole host name.
create table skein.routes (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  host text not null,
  method text not null,
  normalised text not null,
  path text not null,
  app text not null,
  function_name text not null,
  primary key (account_id, region, host, method, normalised),
  foreign key (account_id, region, app) references skein.apps on delete cascade,
  foreign key (account_id, region, function_name) references skein.functions on delete cascade
);
create index routes_app on skein.routes (account_id, region, app);

-- No reference to apps: an app's data outlives the app until it is asked for.
create table skein.databases (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  app text not null,
  key text not null,
  database_name text not null unique,
  role_name text not null unique,
  password text not null,
  created_at timestamptz not null default now(),
  primary key (account_id, region, app, key)
);
