import { readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { Fault } from '../base/index.ts';
import type { DeployAnswer } from '../control/index.ts';
import { parseManifest } from '../manifest/index.ts';
import type { App, AppFunction, LayerWish } from '../model/index.ts';
import type { NodeClient } from './node-client.ts';
import { bytes } from './output.ts';
import { type ImageRequest, type Packed, packFunction, packImage, packLayer } from './pack/index.ts';

/**
 * Deploys the app in a folder: reads its manifest, packs its functions, uploads what the node does
 * not have yet, and publishes.
 *
 * @param onProgress lines for people, about what may take a while
 * @returns what the manifest asked for, and what the node made of it
 * @throws {Fault} `manifest-invalid`, `package-too-large`, and what the node refuses with
 */
export async function deployFolder(
  client: NodeClient,
  folder: string,
  onProgress: (line: string) => void,
): Promise<{ readonly app: App; readonly answer: DeployAnswer }> {
  const root = resolve(folder);
  const file = join(root, 'skein.yaml');
  const { app, sources } = parseManifest(readManifest(file), { file: relative(process.cwd(), file) || file });
  const artifacts: Record<string, string> = {};
  const functions: AppFunction[] = [];
  const send = async (packed: Packed, key: string) => {
    for (const line of packed.notes) onProgress(`${key}: ${line}`);
    if (await client.hasArtifact(packed.sha256)) return;
    onProgress(`${key}: uploading ${bytes(packed.zip.length)}`);
    await client.putArtifact(packed.sha256, packed.zip);
  };
  for (const fn of app.functions) {
    const source = sources.get(fn.key);
    if (source === undefined) throw new Error(`the manifest has no source for ${fn.key}`);
    const { code, handler } = source;
    if (source.kind === 'image') {
      artifacts[fn.key] = await sendImage(client, { root, path: code, key: fn.key }, onProgress);
      functions.push(fn);
      continue;
    }
    const packed = await packFunction({ root, code, handler, runtime: fn.config.runtime, key: fn.key });
    artifacts[fn.key] = packed.sha256;
    await send(packed, fn.key);
    const layers: LayerWish[] = [];
    for (const [index, layer] of (fn.layers ?? []).entries()) {
      const from = source.layers[index];
      const made = from == null ? null : await packLayer({ root, code: from, key: fn.key });
      if (made !== null) await send(made, `${fn.key}, layer ${from}`);
      layers.push(made !== null && 'name' in layer ? { ...layer, artifact: made.sha256 } : layer);
    }
    functions.push(layers.length === 0 ? fn : { ...fn, layers });
  }
  const path = `/api/v1/apps/${encodeURIComponent(app.app)}/deployments`;
  const answer = await client.call<DeployAnswer>('POST', path, {
    manifest: { ...app, functions },
    artifacts,
  });
  return { app, answer };
}

/** @returns the image's digest */
async function sendImage(
  client: NodeClient,
  request: ImageRequest & { readonly key: string },
  onProgress: (line: string) => void,
): Promise<string> {
  using packed = await packImage(request);
  if (await client.hasArtifact(packed.sha256)) return packed.sha256;
  onProgress(`${request.key}: uploading ${bytes(packed.bytes)}`);
  await client.putImage(packed.sha256, packed);
  return packed.sha256;
}

function readManifest(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const hint = statSync(join(file, '..'), { throwIfNoEntry: false })?.isDirectory()
      ? '"skein init" writes one to start from'
      : 'there is no such folder';
    throw new Fault('manifest-invalid', `${file} cannot be read (${code}): ${hint}.`, {
      facts: { file },
      cause: error,
    });
  }
}
