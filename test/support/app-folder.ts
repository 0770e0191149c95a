/** Apps as files in a temporary folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface AppFolder extends Disposable {
  readonly path: string;
  /** Writes (or replaces) a file, with the folders above it; an executable one when it begins with `#!`. */
  write(name: string, content: string | Buffer): void;
}

/** @param files content by path, `skein.yaml` among them */
export function appFolder(files: Readonly<Record<string, string | Buffer>>): AppFolder {
  const path = mkdtempSync(join(tmpdir(), 'skein-app-'));
  const folder: AppFolder = {
    path,
    write(name, content) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content, { mode: content.toString().startsWith('#!') ? 0o755 : 0o644 });
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
  for (const [name, content] of Object.entries(files)) folder.write(name, content);
  return folder;
}
