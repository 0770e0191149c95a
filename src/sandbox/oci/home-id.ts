import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';

/**
 * The name of a home in what is made on the machine for it: nodes on one machine never touch each
 * other's, and the next node of the same home finds what a killed one left.
 *
 * @returns six lower-case hex digits
 */
export function homeId(folder: string): string {
  return createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 6);
}
