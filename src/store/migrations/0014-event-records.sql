-- Events' terms, order and records.
select 1;
