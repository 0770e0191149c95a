/**
 * The empty file system that every /tmp begins as: made once by mkfs, kept as the few blocks of it that
 * are not zero (48 KB of 10 GB), and written as sparse images without starting a process.
 *
 * It is large enough for the largest /tmp there is. How much of it a sandbox gets is a number that can
 * be changed while it is mounted (see mounts.ts), so one kind of image serves every size, blank
 * sandboxes too; growing a mounted file system would need a right that containers' hosts often lack.
 */
import { open, rm } from 'node:fs/promises';
import { LIMITS } from '../../../model/index.ts';
import { runTool } from '../launcher.ts';

const BLOCK_BYTES = 4_096;
const BLOCKS_PER_MB = 1024 ** 2 / BLOCK_BYTES;
/** For folders and extents, so that a file as large as /tmp fits, and one of 1 MB more does not. */
const SLACK_BLOCKS = 128;
/** Beyond the largest /tmp: tables of files, and what the file system keeps for itself. */
const OVERHEAD_MB = 260;
const IMAGE_BYTES = (LIMITS.ephemeralMb.max + OVERHEAD_MB) * 1024 ** 2;
const CHUNK_BYTES = 256 * BLOCK_BYTES;

/**
 * No journal: a /tmp does not outlive its sandbox. Nothing kept for growing. All tables at the front
 * (-G), and no copies of the superblock, so that an image has few blocks.
 */
const FEATURES = '^has_journal,^resize_inode,^metadata_csum,uninit_bg,sparse_super2';
const EXTENDED = 'lazy_itable_init=1,nodiscard,num_backup_sb=0,root_owner=0:0';

interface Piece {
  readonly offset: number;
  readonly bytes: Buffer;
}

export interface Template {
  readonly pieces: readonly Piece[];
  /** Blocks that are free while a file system is empty. */
  readonly freeBlocks: number;
}

/** @throws {Error} when the tools are missing or refuse */
export async function makeTemplate(path: string): Promise<Template> {
  await rm(path, { force: true });
  try {
    const shape = ['-q', '-F', '-b', String(BLOCK_BYTES), '-m', '0', '-G', '128', '-I', '256'];
    const files = ['-N', String(LIMITS.ephemeralFiles)];
    const size = `${IMAGE_BYTES / 1024}k`;
    await runTool(['mkfs.ext4', ...shape, ...files, '-O', FEATURES, '-E', EXTENDED, path, size]);
    // As on Lambda, /tmp is empty at first.
    await runTool(['debugfs', '-w', '-R', 'rmdir lost+found', path]);
    await runTool(['debugfs', '-w', '-R', 'set_inode_field <2> mode 040700', path]);
    return await readTemplate(path);
  } finally {
    await rm(path, { force: true });
  }
}

async function readTemplate(path: string): Promise<Template> {
  await using file = await open(path, 'r');
  const superblock = Buffer.alloc(1024);
  await file.read(superblock, 0, 1024, 1024);
  const freeBlocks = superblock.readUInt32LE(0x0c);
  const usedBlocks = superblock.readUInt32LE(0x04) - freeBlocks;
  const pieces: Piece[] = [];
  const end = (usedBlocks + 64) * BLOCK_BYTES; // what is used lies at the front
  for (let offset = 0; offset < end; offset += CHUNK_BYTES) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, offset);
    pieces.push(...piecesOf(chunk.subarray(0, bytesRead), offset));
  }
  return { pieces, freeBlocks };
}

/** The runs of blocks that are not all zero. */
function piecesOf(chunk: Buffer, offset: number): Piece[] {
  const pieces: Piece[] = [];
  const zero = Buffer.alloc(BLOCK_BYTES);
  let begin = -1;
  for (let at = 0; at <= chunk.length; at += BLOCK_BYTES) {
    const isData = at < chunk.length && !chunk.subarray(at, at + BLOCK_BYTES).equals(zero);
    if (isData && begin === -1) begin = at;
    if (isData || begin === -1) continue;
    pieces.push({ offset: offset + begin, bytes: Buffer.from(chunk.subarray(begin, at)) });
    begin = -1;
  }
  return pieces;
}

/** Writes an image: sparse, for the node's own eyes. */
export async function writeImage({ pieces }: Template, path: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.truncate(IMAGE_BYTES);
  for (const { offset, bytes } of pieces) await file.write(bytes, 0, bytes.length, offset);
}

/**
 * @param sizeMb null: nothing may be written
 * @returns blocks to withhold
 */
export function withheldBlocks({ freeBlocks }: Template, sizeMb: number | null): number {
  return sizeMb === null ? freeBlocks : freeBlocks - sizeMb * BLOCKS_PER_MB - SLACK_BLOCKS;
}
