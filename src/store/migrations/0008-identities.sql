-- Users with their access keys, roles, managed policies: each one document, read whole into every node's memory.
-- What is deleted stays as a row without a document, so that nodes learn of it.

create table skein.identities (
  account_id text not null default '000000000000',
  kind text not null check (kind in ('user', 'role', 'policy')),
  -- In lower case: IAM's names differ by more than case.
  name text not null,
  document jsonb,
  -- That of the change that wrote it last.
  revision bigint not null,
  primary key (account_id, kind, name)
);
create index identities_revision on skein.identities (account_id, revision);

create table skein.identity_revisions (
  account_id text not null default '000000000000' primary key,
  revision bigint not null
);
insert into skein.identity_revisions (revision) values (0);
