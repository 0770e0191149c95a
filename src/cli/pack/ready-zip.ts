/** A zip that was built elsewhere: taken as it is, if it holds what its handler names. */
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import yauzl from 'yauzl';
import { Fault } from '../../base/index.ts';
import { LIMITS, type RuntimeName, runtimeParts } from '../../model/index.ts';
import { tooLarge } from './zip.ts';

export interface ReadyZip {
  readonly path: string;
  readonly bytes: number;
  readonly handler: string;
  readonly runtime: RuntimeName;
  /** The function's key, for messages. */
  readonly key: string;
}

const SHOWN = 5;

/**
 * @returns the bytes of the zip
 * @throws {Fault} `package-too-large`; `package-invalid` when it is no zip; `manifest-invalid` when it cannot
 *   be read or lacks the handler's file. What else a zip must not hold, the node says when it is uploaded.
 */
export async function readZip(zip: ReadyZip): Promise<Buffer> {
  if (zip.bytes > LIMITS.packageBytes) throw tooLarge(zip.bytes, zip.key);
  const content = await readFile(zip.path).catch((error: NodeJS.ErrnoException) => {
    const message = `functions.${zip.key}.code: ${zip.path} cannot be read (${error.code}).`;
    throw new Fault('manifest-invalid', message, { facts: { key: zip.key }, cause: error });
  });
  if (content.subarray(0, 2).toString('latin1') !== 'PK') {
    throw new Fault('package-invalid', `${zip.path} is not a zip file.`, { facts: { key: zip.key } });
  }
  const names = await namesIn(content);
  if (names !== null && !names.some(isWanted(zip))) throw missing(zip, names);
  return content;
}

/** @returns null when the zip is damaged */
async function namesIn(content: Buffer): Promise<string[] | null> {
  const names: string[] = [];
  try {
    const zip = await yauzl.fromBufferPromise(content, { decodeStrings: false });
    for await (const entry of zip.eachEntry()) names.push(entry.fileName.toString());
    return names;
  } catch {
    return null;
  }
}

/** Every form in which a runtime would find the handler, so that no package is refused that would run. */
function isWanted({ handler, runtime }: ReadyZip): (name: string) => boolean {
  const wanted = wantedOf(handler, runtime);
  // The handler itself: a program that a wrapper script starts.
  const files = new Set([...wanted.files, handler]);
  return (name) => files.has(name) || (wanted.beside !== '' && name.startsWith(wanted.beside));
}

function wantedOf(handler: string, runtime: RuntimeName): { beside: string; files: string[] } {
  const { family, version } = runtimeParts(runtime);
  if (family === 'provided') return { beside: '', files: ['bootstrap'] };
  if (family === 'java') {
    const path = (handler.split('::', 1)[0] ?? '').replaceAll('.', '/');
    return { beside: 'lib/', files: [`${path}.class`] };
  }
  if (family === 'nodejs') {
    const base = posix.basename(handler);
    const stem = posix.join(posix.dirname(handler), base.split('.', 1)[0] ?? '');
    return {
      beside: `node_modules/${stem}`,
      files: ['.js', '.mjs', '.cjs', ''].map((ending) => stem + ending),
    };
  }
  const stem = handler.slice(0, handler.lastIndexOf('.')).replaceAll('.', '/');
  const compiled = `.cpython-${version.replace('.', '')}-x86_64-linux-gnu.so`;
  return {
    beside: '',
    files: ['.py', '/__init__.py', '.pyc', '.so', compiled].map((ending) => stem + ending),
  };
}

function missing({ key, handler, path, runtime }: ReadyZip, names: readonly string[]): Fault {
  const looked = wantedOf(handler, runtime).files.slice(0, 3).join(', ');
  const found = names.length === 0 ? 'it is empty' : `it holds ${names.slice(0, SHOWN).join(', ')}`;
  const message = `functions.${key}.handler: the file of ${JSON.stringify(handler)} is missing in ${path}; looked for ${looked}; ${found}.`;
  return new Fault('manifest-invalid', message, { facts: { handler } });
}
