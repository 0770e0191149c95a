/** What the node's main loop and the proxy's thread say to each other. */
import type { AppDatabase } from '../../../model/index.ts';
import type { ServerAddress } from './dial.ts';
import type { HallLimits } from './hall.ts';

export interface ThreadOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly server: ServerAddress;
  readonly key: Uint8Array;
  readonly limits: HallLimits;
}

export type ToThread =
  | { readonly kind: 'serve'; readonly databases: readonly AppDatabase[] }
  | { readonly kind: 'stop' };

export type FromThread =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly why: string; readonly code: string };
