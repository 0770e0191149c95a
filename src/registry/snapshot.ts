import type { AppDatabase, EventSourceMapping, FunctionEntry, QueueEntry, Route } from '../model/index.ts';

/** All configuration at one revision. Immutable: a change is a new snapshot. */
export interface Snapshot {
  readonly revision: number;
  /** By full name. */
  readonly functions: ReadonlyMap<string, FunctionEntry>;
  /** By host label. */
  readonly slugs: ReadonlyMap<string, FunctionEntry>;
  /** By host: an app's label (`bakery`) or a whole host name of a manifest (`shop.example.com`). */
  readonly routes: ReadonlyMap<string, readonly Route[]>;
  /** By `<app>/<key>`. */
  readonly databases: ReadonlyMap<string, AppDatabase>;
  /** By name. */
  readonly queues: ReadonlyMap<string, QueueEntry>;
  /** By id. */
  readonly triggers: ReadonlyMap<string, EventSourceMapping>;
}
