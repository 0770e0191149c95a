import type { FunctionConfig } from './function.ts';

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
  readonly routes: readonly { readonly method: string; readonly path: string }[];
}
