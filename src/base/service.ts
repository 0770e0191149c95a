/**
 * Something that runs from `start` to `stop`.
 *
 * `start` either works or leaves nothing behind. `stop` may be called at any time and more than
 * once, finishes what it must, and resolves when nothing of the service is left running.
 */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}
