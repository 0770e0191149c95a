-- Secrets of functions, encrypted under a key that is never in the database. An empty `app` is a secret
-- of all apps; an app's own of the same name comes before it.

create table skein.secrets (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  app text not null,
  name text not null,
  sealed text not null,
  -- The revision of the configuration at which its value was last set.
  stamp bigint not null,
  updated_at timestamptz not null default now(),
  primary key (account_id, region, app, name)
);
