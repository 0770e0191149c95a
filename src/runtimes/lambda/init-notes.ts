/**
 * What a Node.js guest tells about its init: how long loading took, and the code that it compiled.
 *
 * User code shares the guest's process, so all of it may be invented. It is bounded here, in number and
 * size; what is done with it must be safe with whatever it says.
 */
import { LIMITS } from '../../model/index.ts';
import { type CompiledFile, type InitNotes, NO_NOTES, type Setup } from '../guest.ts';
import { ProtocolError } from './frames.ts';

const NAME_BYTES = 8;
const NAME = /^[0-9a-f]{8}$/;

export class NotesTaker {
  readonly #wanted: boolean;
  readonly #compiled = new Map<string, CompiledFile>();
  #bytes = 0;

  constructor({ compileCache }: Pick<Setup, 'compileCache'>) {
    this.#wanted = compileCache !== null && 'record' in compileCache;
  }

  /** @throws {ProtocolError} for what was not asked for, or has no name */
  takeCompiled(payload: Buffer): void {
    const name = payload.toString('latin1', 0, NAME_BYTES);
    if (!this.#wanted || !NAME.test(name))
      throw new ProtocolError('a guest sent compiled code nobody asked for');
    const { compiledBytes, compiledFiles } = LIMITS;
    const bytes = payload.subarray(NAME_BYTES);
    const fits = this.#bytes + bytes.length <= compiledBytes && this.#compiled.size < compiledFiles;
    if (!fits || this.#compiled.has(name)) return;
    this.#bytes += bytes.length;
    this.#compiled.set(name, { name, bytes });
  }

  /** @param ready payload of the frame that ends an init: milliseconds, as text */
  finish(ready: Buffer): InitNotes {
    const loadMs = Number.parseFloat(ready.toString('latin1', 0, 16));
    return {
      loadMs: Number.isFinite(loadMs) && loadMs >= 0 ? loadMs : NO_NOTES.loadMs,
      compiled: [...this.#compiled.values()],
    };
  }
}
