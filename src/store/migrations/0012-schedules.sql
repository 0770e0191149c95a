-- Schedules: when something is to be called, what, and which moment comes next.

create table skein.schedules (
  account_id text not null default '000000000000',
  region text not null default 'us-east-1',
  group_name text not null,
  name text not null,
  -- Of this schedule alone: one that is made later under the same name has another.
  id uuid not null default gen_random_uuid(),
  -- Whose manifest it is of, and the function of it; null: made by an API.
  app text,
  expression text not null,
  timezone text not null,
  starts_at timestamptz,
  ends_at timestamptz,
  -- It fires at any moment within this after each slot.
  window_ms double precision not null default 0,
  description text,
  enabled boolean not null default true,
  target jsonb not null,
  after_completion text not null check (after_completion in ('keep', 'delete')),
  overlap text not null check (overlap in ('allow', 'skip', 'queue')),
  missed text not null check (missed in ('skip', 'catch-up')),
  -- The lane of events in which its firings wait; null: that of its function.
  lane text,
  -- Where rates count from.
  anchor_at timestamptz not null,
  -- The next slot, and when it fires, which is later where there is a window; null: there is none any more.
  next_slot timestamptz,
  due_at timestamptz,
  -- The last slot that fired.
  last_slot timestamptz,
  created_at timestamptz not null default now(),
  modified_at timestamptz not null default now(),
  primary key (account_id, region, group_name, name),
  unique (id)
);
create index schedules_due on skein.schedules (due_at) where enabled;
create index schedules_of_apps on skein.schedules (app) where app is not null;
