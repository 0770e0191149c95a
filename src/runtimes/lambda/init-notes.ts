/**
 * What a guest of ours tells about its init: how long loading took, and the code that it compiled.
 *
 * User code shares the guest's process, so all of it may be invented. It is bounded here, in number and
 * size; what is done with it must be safe with whatever it says.
 */
import { LIMITS } from '../../model/index.ts';
import { type CompiledFile, type InitNotes, NO_NOTES, type Setup } from '../guest.ts';
import { ProtocolError } from './frames.ts';

/** Digits of the names that Node.js and Python give. */
const NODE_NAME = 8;
const PYTHON_NAME = 16;
const HEX = /^[0-9a-f]+$/;
/** Name and length before each file of Python's. */
const PYTHON_HEAD_BYTES = PYTHON_NAME + 4;

/** The most that a Python guest may send. */
export const MAX_COMPILED_BODY_BYTES = LIMITS.compiledBytes + LIMITS.compiledFiles * PYTHON_HEAD_BYTES;

export class NotesTaker {
  readonly #wanted: boolean;
  readonly #compiled = new Map<string, CompiledFile>();
  #bytes = 0;

  constructor({ compileCache }: Pick<Setup, 'compileCache'>) {
    this.#wanted = compileCache !== null && 'record' in compileCache;
  }

  /** Whether it was asked for what it compiles. */
  get wantsCompiled(): boolean {
    return this.#wanted;
  }

  /** @throws {ProtocolError} for what was not asked for, or has no name */
  takeFrame(payload: Buffer): void {
    this.#take(payload.toString('latin1', 0, NODE_NAME), NODE_NAME, payload.subarray(NODE_NAME));
  }

  /**
   * @param body each file as its name, its length (4 bytes, big-endian) and its bytes
   * @throws {ProtocolError} as `takeFrame`; for a body that ends within a file
   */
  takeBody(body: Buffer): void {
    for (let at = 0; at < body.length; ) {
      const start = at + PYTHON_HEAD_BYTES;
      const end =
        start <= body.length ? start + body.readUInt32BE(at + PYTHON_NAME) : Number.POSITIVE_INFINITY;
      if (end > body.length) throw new ProtocolError('a guest sent compiled code that is cut off');
      this.#take(body.toString('latin1', at, at + PYTHON_NAME), PYTHON_NAME, body.subarray(start, end));
      at = end;
    }
  }

  #take(name: string, digits: number, bytes: Buffer): void {
    if (!this.#wanted || name.length !== digits || !HEX.test(name))
      throw new ProtocolError('a guest sent compiled code nobody asked for');
    const { compiledBytes, compiledFiles } = LIMITS;
    const fits = this.#bytes + bytes.length <= compiledBytes && this.#compiled.size < compiledFiles;
    if (!fits || this.#compiled.has(name)) return;
    this.#bytes += bytes.length;
    this.#compiled.set(name, { name, bytes });
  }

  /** @param ready payload of the frame that ends an init: milliseconds, as text; none where there is no frame */
  finish(ready: Buffer = Buffer.alloc(0)): InitNotes {
    const loadMs = Number.parseFloat(ready.toString('latin1', 0, 16));
    return {
      loadMs: Number.isFinite(loadMs) && loadMs >= 0 ? loadMs : NO_NOTES.loadMs,
      compiled: [...this.#compiled.values()],
    };
  }
}
