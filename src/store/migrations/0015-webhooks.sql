-- Webhooks: routes whose sender must prove itself, and what was delivered already.

-- How the sender proves itself; null: anybody may call.
alter table skein.routes add column webhook jsonb;

-- Deliveries that were taken in, each by a digest of where it came in and of the id its sender gave it: the
-- same one is not taken again. Written in the statement that stores its event.
create table skein.deliveries (
  key uuid primary key,
  taken_at timestamptz not null default now()
);
create index deliveries_age on skein.deliveries (taken_at);

-- Aliases, or '' for the function itself, whose function URL was deleted: a function of an app is open at its hosts
-- until it has one, and is not to become so again by that.
alter table skein.functions add column closed_hosts text[] not null default '{}';
