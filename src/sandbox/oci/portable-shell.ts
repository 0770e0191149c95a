/**
 * A shell that runs under any root file system: the machine's own, with its libraries and its loader in
 * one folder. Process 1 of every sandbox is a shell (init.ts), and an image may have none.
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SHELL_ROOT } from './bundle.ts';
import { runTool } from './launcher.ts';

export interface PortableShell {
  /** On the host. */
  readonly folder: string;
  /** How it is started, where its folder is mounted at `SHELL_ROOT`. */
  readonly argv: readonly string[];
}

const SHELL = '/bin/sh';
/** A loader's path as an ELF file has it, near its beginning. */
const LOADER = /\/lib[\w/.-]*\/(?:ld-[\w.-]+\.so[\w.]*|ld64?\.so[\w.]*)(?=\0)/;

/** @param folder is made anew */
export async function portableShell(folder: string): Promise<PortableShell> {
  rmSync(folder, { recursive: true, force: true });
  const lib = join(folder, 'lib');
  mkdirSync(lib, { recursive: true });
  const put = (from: string, to: string) => {
    copyFileSync(from, to);
    chmodSync(to, 0o755);
  };
  put(realpathSync(SHELL), join(folder, 'sh'));
  const loader = LOADER.exec(readFileSync(SHELL).toString('latin1', 0, 8_192))?.[0];
  if (loader !== undefined) {
    put(loader, join(folder, 'ld'));
    for (const path of await librariesOf(loader)) put(path, join(lib, basename(path)));
  }
  for (const path of [folder, lib]) chmodSync(path, 0o755);
  const shell = `${SHELL_ROOT}/sh`;
  const argv =
    loader === undefined ? [shell] : [`${SHELL_ROOT}/ld`, '--library-path', `${SHELL_ROOT}/lib`, shell];
  return { folder, argv };
}

/** As the loader itself finds them. */
async function librariesOf(loader: string): Promise<string[]> {
  const listed = await runTool([loader, '--list', realpathSync(SHELL)]);
  return [...listed.matchAll(/=> (\/\S+)/g)].map(([, path]) => path as string);
}
