/**
 * Artifacts: code packages, content-addressed, in chunks. An artifact is there completely or not at
 * all: all its chunks are written in one transaction. The digest is the caller's to verify.
 */
import { Fault } from '../base/index.ts';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';

/** A chunk is held in memory at both ends, and several at once while they are on their way. */
const MAX_CHUNK_BYTES = 4 * 1024 * 1024;

export interface ArtifactContent {
  /** SHA-256 of the content, lower-case hex. */
  readonly digest: string;
  readonly bytes: number;
  /** At most 4 MB each. Left unread when the artifact is there already. */
  readonly chunks: AsyncIterable<Buffer> | Iterable<Buffer>;
}

export async function hasArtifact(sql: Queryable, digest: string): Promise<boolean> {
  const rows = await orUnavailable(sql`select 1 from skein.artifacts where digest = ${digest}`);
  return rows.length === 1;
}

/** @returns the length of a package; 0 when it is not stored */
export async function artifactBytes(sql: Queryable, digest: string): Promise<number> {
  const [row] = await orUnavailable(
    sql<{ bytes: number }[]>`select bytes::float8 as bytes from skein.artifacts where digest = ${digest}`,
  );
  return row?.bytes ?? 0;
}

/**
 * Writes an artifact, unless it is there: then it is as young again as if it were new. A second writer of the same
 * one waits for the first.
 *
 * @returns whether this call wrote it
 * @throws {Error} when the chunks do not add up to `bytes` (nothing is kept), or one is too large
 */
export async function writeArtifact(sql: Sql, artifact: ArtifactContent): Promise<boolean> {
  const { digest, bytes } = artifact;
  const written = await orUnavailable(
    sql.begin(async (tx) => {
      const claimed = await tx`
        insert into skein.artifacts (digest, bytes, chunks) values (${digest}, ${bytes}, 0)
        on conflict (digest) do nothing`;
      if (claimed.count === 0) {
        await tx`update skein.artifacts set created_at = now() where digest = ${digest}`;
        return false;
      }
      const chunks = await writeChunks(tx, artifact);
      await tx`update skein.artifacts set chunks = ${chunks} where digest = ${digest}`;
      return true;
    }),
  );
  return written as boolean;
}

/** Remembers an artifact whose content a node keeps on its disk: it has no chunks here. */
export async function noteArtifact(
  sql: Queryable,
  { digest, bytes }: Pick<ArtifactContent, 'digest' | 'bytes'>,
): Promise<void> {
  await orUnavailable(sql`
    insert into skein.artifacts (digest, bytes, chunks) values (${digest}, ${bytes}, 0)
    on conflict (digest) do update set created_at = now()`);
}

async function writeChunks(tx: Queryable, { digest, bytes, chunks }: ArtifactContent): Promise<number> {
  let seq = 0;
  let total = 0;
  for await (const content of chunks) {
    if (content.length > MAX_CHUNK_BYTES) {
      throw new Error(
        `a chunk of artifact ${digest} has ${content.length} bytes, more than ${MAX_CHUNK_BYTES}`,
      );
    }
    await tx`insert into skein.artifact_chunks (digest, seq, content) values (${digest}, ${seq}, ${content})`;
    total += content.length;
    seq += 1;
  }
  if (total === bytes) return seq;
  throw new Error(`artifact ${digest} was announced with ${bytes} bytes and has ${total}`);
}

/**
 * Reads an artifact, one chunk in memory at a time.
 *
 * @throws {Fault} `artifact-not-found`, also when it is deleted while it is read; `database-unavailable`
 */
export async function* readArtifact(sql: Queryable, digest: string): AsyncGenerator<Buffer> {
  const [found] = await orUnavailable(
    sql<{ chunks: number }[]>`select chunks from skein.artifacts where digest = ${digest}`,
  );
  for (let seq = 0; seq < (found?.chunks ?? 1); seq++) {
    const [row] = await orUnavailable(
      sql<{ content: Buffer }[]>`
        select content from skein.artifact_chunks where digest = ${digest} and seq = ${seq}`,
    );
    if (row === undefined) throw notFound(digest);
    yield row.content;
  }
}

function notFound(digest: string): Fault {
  return new Fault('artifact-not-found', `There is no package ${digest} here. Deploy the function again.`, {
    facts: { digest },
  });
}

/**
 * Deletes artifacts that no version of a function or layer uses. A fresh one is spared, since the deploy that will use it
 * may be on its way.
 *
 * @param olderThanMs age by the database's clock, ms
 * @param limit artifacts at most in this call
 * @returns the digests that are gone
 */
export async function deleteUnusedArtifacts(
  sql: Queryable,
  { olderThanMs, limit }: { olderThanMs: number; limit: number },
): Promise<string[]> {
  const rows = await orUnavailable(sql<{ digest: string }[]>`
    delete from skein.artifacts where digest in (
      select digest from skein.artifacts a
      where created_at < now() - ${olderThanMs}::float8 * interval '1 millisecond'
        and not exists (select from skein.versions v where v.artifact = a.digest)
        and not exists (select from skein.latest l where l.artifact = a.digest)
        and not exists (select from skein.layer_versions l where l.artifact = a.digest)
      order by created_at limit ${limit})
    returning digest`);
  return rows.map((row) => row.digest);
}
