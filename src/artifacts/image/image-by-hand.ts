/** For tests: container images made entry by entry, also such as no builder would make. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';

export interface Entry {
  readonly path: string;
  readonly type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO';
  readonly content?: string | Buffer;
  readonly mode?: number;
  readonly target?: string;
}

const BLOCK = 512;

/** A tar with these entries. */
export function tarOf(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ path, type = 'File', content = '', mode = 0o644, target }) => {
    const bytes = Buffer.from(content);
    const head = new Header({
      path,
      type,
      mode,
      size: bytes.length,
      mtime: new Date(0),
      uid: 0,
      gid: 0,
      linkpath: target ?? '',
    });
    const block = Buffer.alloc(BLOCK);
    head.encode(block, 0);
    return [block, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

export interface ImageByHand {
  readonly layers: readonly (readonly Entry[])[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly architecture?: string;
  /** What the configuration says that the layers' tars hash to, where that is not the truth. */
  readonly diffIds?: readonly string[];
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;

function partsOf({ layers, config = {}, architecture = ARCHITECTURE, diffIds }: ImageByHand) {
  const tars = layers.map(tarOf);
  const diff_ids = (diffIds ?? tars.map(sha256)).map((id) => `sha256:${id}`);
  const described = { architecture, os: 'linux', config, rootfs: { type: 'layers', diff_ids } };
  return { tars, config: Buffer.from(JSON.stringify(described)) };
}

/** As `docker save` writes it. */
export function dockerSave(image: ImageByHand): Buffer {
  const { tars, config } = partsOf(image);
  const name = `${sha256(config)}.json`;
  const layers = tars.map((content, index) => ({ path: `${index}/layer.tar`, content }));
  const manifest = [{ Config: name, RepoTags: ['hello:latest'], Layers: layers.map(({ path }) => path) }];
  return tarOf([
    ...layers,
    { path: name, content: config },
    { path: 'manifest.json', content: JSON.stringify(manifest) },
  ]);
}

/** The files of an OCI image layout, its layers compressed. */
export function ociFiles(image: ImageByHand, pack: (tar: Buffer) => Buffer = gzipSync): Entry[] {
  const { tars, config } = partsOf(image);
  const layers = tars.map((tar) => pack(tar));
  const blob = (content: Buffer) => ({ path: `blobs/sha256/${sha256(content)}`, content });
  const describe = (mediaType: string, content: Buffer) => ({
    mediaType: `application/vnd.oci.image.${mediaType}`,
    digest: `sha256:${sha256(content)}`,
    size: content.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: describe('config.v1+json', config),
      layers: layers.map((content) => describe('layer.v1.tar+gzip', content)),
    }),
  );
  const index = { schemaVersion: 2, manifests: [describe('manifest.v1+json', manifest)] };
  return [
    { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: 'index.json', content: JSON.stringify(index) },
    ...[...layers, config, manifest].map(blob),
  ];
}
