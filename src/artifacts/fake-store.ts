/** A store of packages in a folder, for tests: its URL is the folder's. A file `away` makes it unavailable. */
import { existsSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { Fault } from '../base/index.ts';
import type { ChunkStore } from './jobs.ts';

/** @param url `file:///folder/` */
export function openStore(url: string): ChunkStore {
  const at = (name: string) => new URL(name, url);
  const check = () => {
    if (existsSync(at('away')))
      throw new Fault('database-unavailable', 'The database is away.', { facts: { port: 1 } });
    if (existsSync(at('broken'))) throw new TypeError('the store is broken');
    if (existsSync(at('deadly'))) process.exit(1);
  };
  return {
    async write({ digest, bytes, chunks }) {
      check();
      const parts: Buffer[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      const all = Buffer.concat(parts);
      if (all.length !== bytes) throw new Error(`announced ${bytes}, got ${all.length}`);
      await writeFile(at(digest), all);
      await using log = await open(at('log'), 'a');
      await log.write(`write ${parts.length}\n`);
    },
    async note({ digest }) {
      check();
      await writeFile(at(digest), '');
    },
    async *read(digest) {
      check();
      await using log = await open(at('log'), 'a');
      await log.write('read\n');
      if (!existsSync(at(digest))) throw new Fault('artifact-not-found', `There is no package ${digest}.`);
      const all = await readFile(at(digest));
      for (let offset = 0; offset < all.length; offset += 1000) yield all.subarray(offset, offset + 1000);
    },
    end: () => Promise.resolve(),
  };
}
