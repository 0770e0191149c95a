import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the kernel takes of a path (107 bytes on Linux, 103 on macOS), with some to spare. */
const MAX_PATH_BYTES = 100;

/**
 * Where a Unix socket of this name can be: in `folder`, if its path is short enough, else in a
 * private temporary folder. A socket that a killed process left there is removed.
 */
export function unixSocketPath(folder: string, name: string): string {
  const path = join(folder, name);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return join(mkdtempSync(join(tmpdir(), 'skein-')), name);
  rmSync(path, { force: true });
  return path;
}
