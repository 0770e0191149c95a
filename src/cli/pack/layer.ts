/** From a layer on disk to its zip: a folder as it is, the root of which becomes /opt; or a ready zip. */
import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Fault } from '../../base/index.ts';
import { LIMITS } from '../../model/index.ts';
import { addFolder, contents } from './contents.ts';
import type { Packed, PackRequest } from './pack.ts';
import { zip } from './zip.ts';

/** @throws {Fault} `manifest-invalid` when there is nothing to pack; `package-too-large` */
export async function packLayer(request: Pick<PackRequest, 'root' | 'code' | 'key'>): Promise<Packed> {
  const path = resolve(request.root, request.code);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw badLayer(
      request,
      `${path} ${error.code === 'ENOENT' ? 'does not exist' : `cannot be read (${error.code})`}`,
    );
  });
  if (found.isFile() && path.endsWith('.zip')) return readyZip(request, path, found.size);
  if (!found.isDirectory()) throw badLayer(request, `${path} is neither a folder nor a .zip file`);
  const into = contents(request.key);
  addFolder(into, { folder: await realpath(path), prefix: '', skip: () => false });
  const files = into.sorted();
  return packed(await zip(files, request.key), files.length);
}

async function readyZip(request: Pick<PackRequest, 'key'>, path: string, bytes: number): Promise<Packed> {
  if (bytes <= LIMITS.packageBytes) return packed(await readFile(path), null);
  const message = `functions.${request.key}.layers: ${path} has ${bytes} bytes; the limit is ${LIMITS.packageBytes} (250 MB).`;
  throw new Fault('package-too-large', message, { facts: { bytes, maxBytes: LIMITS.packageBytes } });
}

function packed(bytes: Buffer, files: number | null): Packed {
  return { zip: bytes, sha256: createHash('sha256').update(bytes).digest('hex'), files, notes: [] };
}

function badLayer({ key }: Pick<PackRequest, 'key'>, why: string): Fault {
  return new Fault('manifest-invalid', `functions.${key}.layers: ${why}.`, { facts: { key } });
}
