/** What a version has under /opt: its layers, as one folder, and the extensions among them. */
import { join } from 'node:path';
import { extensionsIn } from '../artifacts/index.ts';
import type { Version } from '../model/index.ts';
import type { Setup } from '../runtimes/index.ts';
import type { SandboxDriver } from '../sandbox/index.ts';

/** What the starter needs of whoever keeps packages. */
export interface LayersSource {
  /** @throws {Fault} `package-too-large`, `artifact-not-found`, `database-unavailable` */
  place(
    artifacts: readonly string[],
    code: string,
  ): Promise<{
    readonly folder: string;
    readonly extensions: readonly { readonly name: string; readonly executable: boolean }[];
  } | null>;
}

export interface PlacedOpt {
  /** Of the host; null: the image's own. */
  readonly folder: string | null;
  /** The same, as code in a sandbox sees it. */
  readonly opt: NonNullable<Setup['opt']>;
}

/** @returns null where a version has no layers, and no image with extensions in it */
export async function optOf(
  { layers, driver }: { layers: LayersSource; driver: Pick<SandboxDriver, 'optRoot'> },
  { config, artifact }: Version,
  image: { readonly root: string } | null,
): Promise<PlacedOpt | null> {
  if (image !== null) return await ofImage(image.root);
  const list = config.layers.map((layer) => layer.artifact);
  const placed = await layers.place(list, artifact);
  if (placed === null) return null;
  const { folder, extensions } = placed;
  return { folder, opt: { root: driver.optRoot(folder), extensions } };
}

async function ofImage(root: string): Promise<PlacedOpt | null> {
  const extensions = await extensionsIn(join(root, OPT));
  return extensions.length === 0 ? null : { folder: null, opt: { root: OPT, extensions } };
}

/** Where an image has what layers bring elsewhere. */
const OPT = '/opt';
