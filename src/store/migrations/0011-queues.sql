-- Queues.
select 1;
