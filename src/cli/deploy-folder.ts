import { readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { Fault } from '../base/index.ts';
import type { DeployAnswer } from '../control/index.ts';
import { parseManifest } from '../manifest/index.ts';
import type { App } from '../model/index.ts';
import type { NodeClient } from './node-client.ts';
import { bytes } from './output.ts';
import { packFunction } from './pack/index.ts';

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
  for (const fn of app.functions) {
    const source = sources.get(fn.key);
    if (source === undefined) throw new Error(`the manifest has no source for ${fn.key}`);
    const { code, handler } = source;
    const packed = await packFunction({ root, code, handler, runtime: fn.config.runtime, key: fn.key });
    for (const line of packed.notes) onProgress(`${fn.key}: ${line}`);
    artifacts[fn.key] = packed.sha256;
    if (await client.hasArtifact(packed.sha256)) continue;
    onProgress(`${fn.key}: uploading ${bytes(packed.zip.length)}`);
    await client.putArtifact(packed.sha256, packed.zip);
  }
  const path = `/api/v1/apps/${encodeURIComponent(app.app)}/deployments`;
  const answer = await client.call<DeployAnswer>('POST', path, { manifest: app, artifacts });
  return { app, answer };
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
