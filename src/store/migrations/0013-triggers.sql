-- Triggers: event source mappings come to life.

-- The app whose manifest has it; null: an API made it.
alter table skein.event_source_mappings add column app text;
create index event_source_mappings_app on skein.event_source_mappings (account_id, region, app) where app is not null;

-- Who delivers for a trigger that may run only so much at once. By the database's clock.
create table skein.trigger_leases (
  trigger_id uuid primary key,
  -- The node.
  holder text not null,
  expires_at timestamptz not null,
  -- How long what its holder has begun may go on after that, should the holder be gone.
  run_ms integer not null
);
