/** Receipts as receivers know them: which message, by which receive, and when that was. */

export interface Receipt {
  readonly queueId: number;
  readonly number: number;
  /** UUID, of the receive. */
  readonly receipt: string;
  /** Wall clock of the database, ms. */
  readonly receivedAtMs: number;
}

const BYTES = 40;

/** @returns URL-safe text of 54 characters */
export function writeReceipt({ queueId, number, receipt, receivedAtMs }: Receipt): string {
  const bytes = Buffer.alloc(BYTES);
  bytes.writeBigUInt64BE(BigInt(queueId), 0);
  bytes.writeBigUInt64BE(BigInt(number), 8);
  bytes.write(receipt.replaceAll('-', ''), 16, 'hex');
  bytes.writeBigUInt64BE(BigInt(Math.floor(receivedAtMs)), 32);
  return bytes.toString('base64url');
}

/** @returns null when it is no receipt of this queue */
export function readReceipt(text: string, queueId: number): Receipt | null {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== BYTES || bytes.toString('base64url') !== text) return null;
  const [of, number, receivedAtMs] = [0, 8, 32].map((at) => Number(bytes.readBigUInt64BE(at)));
  if (of !== queueId || !Number.isSafeInteger(number) || !Number.isSafeInteger(receivedAtMs)) return null;
  const hex = bytes.toString('hex', 16, 32);
  const receipt = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
  return { queueId, number: number!, receipt, receivedAtMs: receivedAtMs! };
}
