/** A container image for a node: the archive as it is, or a folder in OCI layout as one. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, readdirSync, rmSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { create } from 'tar';
import { Fault } from '../../base/index.ts';
import { LIMITS } from '../../model/index.ts';

export interface ImageRequest {
  /** The manifest's folder. */
  readonly root: string;
  /** A tar of `docker save`, an OCI layout as a tar or as a folder; relative to `root`. */
  readonly path: string;
  /** The function's key in the manifest, for messages; left out where there is no manifest. */
  readonly key?: string;
}

export interface PackedImage extends Disposable {
  readonly file: string;
  readonly bytes: number;
  /** Of the archive, lower-case hex. The same image gives the same one. */
  readonly sha256: string;
}

/**
 * @returns the archive; disposing of it removes what was made for it
 * @throws {Fault} `manifest-invalid` when there is none; `package-too-large`
 */
export async function packImage(request: ImageRequest): Promise<PackedImage> {
  const path = resolve(request.root, request.path);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw badImage(request, `${path} cannot be read (${error.code})`);
  });
  if (!found.isDirectory()) return await archived(path, found, () => {});
  if (!existsSync(join(path, 'index.json')) || !existsSync(join(path, 'oci-layout'))) {
    throw badImage(request, `${path} is a folder, but no OCI layout: it has no index.json and oci-layout`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'skein-image-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const file = join(folder, 'image.tar');
    // Without times, owners and an order of its own, so that the same image has the same digest.
    const blobs = readdirSync(join(path, 'blobs/sha256')).sort();
    const names = ['oci-layout', 'index.json', ...blobs.map((name) => `blobs/sha256/${name}`)];
    await create({ file, cwd: path, portable: true, mtime: new Date(0), jobs: 1 }, names);
    return await archived(file, await stat(file), remove);
  } catch (error) {
    remove();
    throw error;
  }
}

async function archived(file: string, { size }: Stats, remove: () => void): Promise<PackedImage> {
  if (size > LIMITS.imageBytes) {
    const message = `${file} has ${size} bytes; an image may have ${LIMITS.imageBytes} (10 GB).`;
    throw new Fault('package-too-large', message, { facts: { bytes: size, maxBytes: LIMITS.imageBytes } });
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 }))
    hash.update(chunk as Buffer);
  return { file, bytes: size, sha256: hash.digest('hex'), [Symbol.dispose]: remove };
}

function badImage({ key }: ImageRequest, why: string): Fault {
  if (key === undefined) return new Fault('package-invalid', `${why}.`);
  return new Fault('manifest-invalid', `functions.${key}.image: ${why}.`, { facts: { key } });
}
