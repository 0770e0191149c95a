-- Webhooks.
select 1;
