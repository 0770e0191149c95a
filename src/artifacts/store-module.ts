/** The real store of packages, as a worker thread opens it: a connection of its own, from the URL. */
import { connect, noteArtifact, readArtifact, writeArtifact } from '../store/index.ts';
import type { ChunkStore } from './jobs.ts';

/** @param url of the node's PostgreSQL */
export function openStore(url: string): ChunkStore {
  const sql = connect({ url, max: 1 });
  return {
    note: (artifact) => noteArtifact(sql, artifact),
    write: (artifact) => writeArtifact(sql, artifact),
    read: (digest) => readArtifact(sql, digest),
    end: () => sql.end({ timeout: 5 }),
  };
}
