import type { FunctionConfig } from './function.ts';
import type { ProvisionedPlan } from './provisioned.ts';

/** A validated `skein.yaml`: what a deploy asks for. */
export interface App {
  readonly app: string;
  /** Extra host names at which the app's routes answer, beside `<app>.<domain>`. */
  readonly hosts: readonly string[];
  readonly databases: readonly string[];
  readonly functions: readonly AppFunction[];
}

export interface AppFunction {
  /** The manifest's key; the full name is `<app>-<key>`. */
  readonly key: string;
  readonly config: FunctionConfig;
  readonly reserved: number | null;
  /** Instances that are initialised before the first request; at most `reserved`, where that is set. */
  readonly provisioned: number;
  /** How many of them there are when; absent: all of them, always. */
  readonly provisionedPlan?: ProvisionedPlan | undefined;
  readonly routes: readonly { readonly method: string; readonly path: string }[];
  /** What `config.layers` is to be made of, the first at the bottom; absent: nothing. */
  readonly layers?: readonly LayerWish[];
}

/** A version of a layer, or a stored package that is to be one, under a name within the app. */
export type LayerWish = { readonly arn: string } | { readonly name: string; readonly artifact: string };
