/** What `skein.yaml` says once it is read, in the manifest's own words. Types only. */
import type { Egress, IdempotencyRule, RuntimeName, Shape, Use } from '../model/index.ts';
import type { Concurrency } from './concurrency.ts';
import type { DeliveryText } from './delivery.ts';
import type { ImageText } from './image.ts';
import type { LayerText } from './layers.ts';
import type { toQueues } from './queues.ts';
import type { RouteKey } from './routes.ts';
import type { TriggersText } from './triggers.ts';

export interface FunctionText extends DeliveryText {
  shape: Shape;
  /** null: it is an image. */
  runtime: RuntimeName | null;
  handler: string;
  /** Empty: it is an image. */
  code: string;
  image: ImageText | null;
  memory: number;
  timeout: number;
  stopAfter: number;
  ephemeral: number;
  environment: Readonly<Record<string, string>>;
  concurrency: Concurrency;
  routes: RouteKey[];
  triggers: TriggersText;
  database: string | null;
  egress: Egress;
  secrets: string[];
  uses: Use[];
  role: string | null;
  layers: LayerText[];
  idempotency: IdempotencyRule | null;
}

export interface AppText {
  app: string;
  hosts: string[];
  databases: ReadonlyMap<string, object>;
  queues: Parameters<typeof toQueues>[0];
  functions: ReadonlyMap<string, FunctionText>;
}
