/** Zips that no honest tool writes. For tests. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface HandMade {
  readonly name: string;
  readonly content?: string | Buffer;
  /** Unix mode with its type bits; default a plain 0644 file. */
  readonly mode?: number;
  readonly deflate?: boolean;
  /** What the headers claim, where it is not the truth. */
  readonly claimedBytes?: number;
  readonly claimedCrc?: number;
  readonly method?: number;
  readonly flags?: number;
  /** `version made by`, high byte: 3 is Unix, 0 is DOS. */
  readonly host?: number;
}

/** @returns the bytes of a zip with exactly these entries, in this order */
export function zipByHand(entries: readonly HandMade[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const fields = fieldsOf(entry);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    fields.common.copy(local, 6);
    const file = Buffer.concat([local, fields.name, fields.data]);
    files.push(file);
    directory.push(centralRecord(entry, fields, offset));
    offset += file.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, central, end]);
}

interface Fields {
  readonly name: Buffer;
  readonly data: Buffer;
  /** The 24 bytes that both kinds of header share, from the flags on. */
  readonly common: Buffer;
}

function fieldsOf(entry: HandMade): Fields {
  const plain = Buffer.from(entry.content ?? '');
  const data = entry.deflate ? deflateRawSync(plain) : plain;
  const name = Buffer.from(entry.name);
  const common = Buffer.alloc(24);
  common.writeUInt16LE(entry.flags ?? 0x800, 0);
  common.writeUInt16LE(entry.method ?? (entry.deflate ? 8 : 0), 2);
  common.writeUInt16LE(0x21, 6);
  common.writeUInt32LE(entry.claimedCrc ?? crc32(plain), 8);
  common.writeUInt32LE(data.length, 12);
  common.writeUInt32LE(entry.claimedBytes ?? plain.length, 16);
  common.writeUInt16LE(name.length, 20);
  return { name, data, common };
}

function centralRecord(entry: HandMade, fields: Fields, offset: number): Buffer {
  const record = Buffer.alloc(46);
  record.writeUInt32LE(0x02014b50, 0);
  record.writeUInt16LE(((entry.host ?? 3) << 8) | 20, 4);
  record.writeUInt16LE(20, 6);
  fields.common.copy(record, 8);
  record.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
  record.writeUInt32LE(offset, 42);
  return Buffer.concat([record, fields.name]);
}
