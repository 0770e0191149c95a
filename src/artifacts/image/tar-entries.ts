/**
 * The entries of a tar, one after the other, as they arrive. The library reads the format; what an entry
 * may be is for its taker to say.
 */
import { Parser, type ReadEntry } from 'tar';

export interface TarEntry {
  /** As it is written: may be absolute, may hold `..`. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'symlink' | 'hardlink' | 'device' | 'other';
  readonly bytes: number;
  /** Permissions, and what is above them. */
  readonly mode: number;
  /** What a link says it leads to. */
  readonly target: string;
}

/** What is done with a file's content. */
export interface EntryWriter {
  write(piece: Buffer): void;
  end(): void;
}

const KINDS: Readonly<Record<string, TarEntry['kind']>> = {
  File: 'file',
  OldFile: 'file',
  ContiguousFile: 'file',
  Directory: 'folder',
  SymbolicLink: 'symlink',
  Link: 'hardlink',
  CharacterDevice: 'device',
  BlockDevice: 'device',
};
/** Long names and extended headers, in bytes. */
const MAX_META_BYTES = 1024 * 1024;

/**
 * Reads a tar to its end.
 *
 * @param take is called for each entry; null: its content is of no interest
 * @throws what `take` and its writers throw; an `Error` for what is not a whole tar
 */
export async function readTar(
  source: AsyncIterable<Buffer>,
  take: (entry: TarEntry) => EntryWriter | null,
): Promise<void> {
  let failure: unknown = null;
  const attempt = (step: () => void) => {
    try {
      if (failure === null) step();
    } catch (error) {
      failure = error;
    }
  };
  const parser = new Parser({
    strict: true,
    maxMetaEntrySize: MAX_META_BYTES,
    onReadEntry: (entry: ReadEntry) => attempt(() => receive(entry, take, attempt)),
  });
  const ended = new Promise<void>((resolve) => {
    parser.once('end', () => resolve());
    parser.once('error', (error: unknown) => {
      failure ??= error;
      resolve();
    });
  });
  // A layer that changes nothing is a tar of zeros, which the library takes for no tar at all.
  let empty = true;
  for await (const chunk of source) {
    empty &&= chunk.every((byte) => byte === 0);
    if (empty) continue;
    parser.write(chunk);
    if (failure !== null) throw failure;
  }
  if (empty) return;
  parser.end();
  await ended;
  if (failure !== null) throw failure;
}

function receive(
  entry: ReadEntry,
  take: (entry: TarEntry) => EntryWriter | null,
  attempt: (step: () => void) => void,
): void {
  let writer: EntryWriter | null = null;
  attempt(() => {
    writer = take({
      path: entry.path,
      kind: KINDS[entry.type] ?? 'other',
      bytes: entry.size,
      mode: entry.mode ?? 0o644,
      target: entry.linkpath ?? '',
    });
  });
  entry.on('data', (piece) => attempt(() => writer?.write(piece as Buffer)));
  entry.on('end', () => attempt(() => writer?.end()));
}
