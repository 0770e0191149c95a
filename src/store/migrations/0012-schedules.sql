-- Schedules.
select 1;
