-- An alias may point at $LATEST: it has no version then.
alter table skein.aliases alter column version drop not null;
