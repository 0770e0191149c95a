-- Triggers.
select 1;
