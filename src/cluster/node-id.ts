import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The name of the node that lives in a home, the same each time it starts: by it a node knows in the database what
 * an earlier life of its own has left. To be called by who holds the home's lock.
 */
export async function nodeId(home: string): Promise<string> {
  const path = join(home, 'node-id');
  const found = await readFile(path, 'utf8').catch(() => '');
  if (/^[0-9a-f-]{36}\n$/.test(found)) return found.trim();
  const made = randomUUID();
  await writeFile(path, `${made}\n`, { mode: 0o600 });
  return made;
}
