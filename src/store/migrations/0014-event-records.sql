-- Events that are treated otherwise than their function says, and lanes that keep order.
alter table skein.events
  -- Retries, age and dead-letter target of this event alone; null: its function's.
  add column terms json,
  -- The order in which events came.
  add column seq bigint generated always as identity;

-- A lane whose name has a slash is worked off in order, one event at a time.
create index events_in_order on skein.events (lane, seq) where strpos(lane, '/') > 0;

alter table skein.failed_events add column terms json;
