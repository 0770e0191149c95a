/**
 * Where the programs that run functions are on this machine. Everything is found by looking at files:
 * no program is run to ask for its version.
 *
 * Looked at in this order: what `skein runtime add` put into the home; the node's own Node.js; the
 * system's folders; the folders of PATH. A version manager's shim is a script that needs its user's
 * home: the programs that it would start are looked at instead.
 */
import { accessSync, constants, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { type RuntimeName, runtimeParts } from '../model/index.ts';

export interface ProgramPlaces {
  readonly home: string;
  /** PATH. */
  readonly searchPath: string;
  /** The Node.js that runs the node itself. */
  readonly own: { readonly path: string; readonly version: string };
}

export interface Program {
  /** The program itself, no link. */
  readonly path: string;
  /** The folder that it was installed as: its libraries lie there. The same as `path` where it needs none. */
  readonly prefix: string;
  /** Folder of what else the runtime needs: for Java, AWS's runtime interface client. */
  readonly support: string | null;
  /** Whether its own shared libraries are in `lib` beside its `bin`, where only it looks for them by an absolute path. */
  readonly ownLibraries?: boolean;
}

export type Found = Program | { readonly missing: string; readonly fix: string };

/** Looked at first: an interpreter of the system can be reached by every user, one in somebody's home cannot. */
const SYSTEM_FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];
const JAVA_FOLDER = '/usr/lib/jvm';

/** @returns where `skein runtime add` puts a runtime */
export function runtimeFolder(home: string, runtime: RuntimeName): string {
  return join(home, 'runtimes', runtime);
}

/** @returns the program that runs functions of this runtime, or what is missing; null: the package brings it */
export function findProgram(runtime: RuntimeName, places: ProgramPlaces): Found | null {
  const { family, version } = runtimeParts(runtime);
  const wanted = { runtime, version, installed: runtimeFolder(places.home, runtime) };
  if (family === 'provided') return null;
  if (family === 'nodejs') return findNode(wanted, places);
  return family === 'python' ? findPython(wanted, places) : findJava(wanted, places);
}

interface Wanted {
  readonly runtime: RuntimeName;
  readonly version: string;
  readonly installed: string;
}

function findNode({ runtime, version, installed }: Wanted, { own, searchPath }: ProgramPlaces): Found {
  const added = join(installed, 'bin/node');
  if (isProgram(added)) return { path: added, prefix: installed, support: null };
  if (major(own.version) === version) return { path: own.path, prefix: own.path, support: null };
  for (const path of candidates(searchPath, 'node')) {
    const real = realpathSync(path);
    // Headers come with every usual package of Node.js, and say its version.
    const header = readText(join(dirname(dirname(real)), 'include/node/node_version.h'));
    if (/^#define NODE_MAJOR_VERSION (\d+)/m.exec(header)?.[1] === version) {
      return { path: real, prefix: real, support: null };
    }
  }
  return { missing: `Node.js ${version} was not found`, fix: `skein runtime add ${runtime}` };
}

function findPython({ version, installed }: Wanted, { searchPath }: ProgramPlaces): Found {
  const name = `python${version}`;
  for (const path of [join(installed, 'bin', name), ...candidates(searchPath, name)]) {
    if (!isProgram(path)) continue;
    const real = realpathSync(path);
    const prefix = dirname(dirname(real));
    const libraries = prefix === '/usr' ? [] : listed(join(prefix, 'lib'));
    const ownLibraries = libraries.some((file) => file.startsWith('libpython'));
    return { path: real, prefix, support: null, ownLibraries };
  }
  return {
    missing: `Python ${version} was not found`,
    fix: `install ${name} (apt-get install ${name}, where the system has it)`,
  };
}

function findJava({ runtime, version, installed }: Wanted, { searchPath }: ProgramPlaces): Found {
  const java = javas(searchPath).find((prefix) => {
    const release = readText(join(prefix, 'release'));
    return major(/^JAVA_VERSION="([^"]+)"/m.exec(release)?.[1] ?? '') === version;
  });
  if (java === undefined) {
    return {
      missing: `Java ${version} was not found`,
      fix: `apt-get install openjdk-${version}-jre-headless, then skein runtime add ${runtime}`,
    };
  }
  const support = join(installed, 'lib');
  if (!listed(support).some((name) => name.startsWith('aws-lambda-java-runtime-interface-client'))) {
    return { missing: 'AWS’s runtime interface client is not there', fix: `skein runtime add ${runtime}` };
  }
  return { path: join(java, 'bin/java'), prefix: java, support };
}

/** Folders that Java was installed as. */
function javas(searchPath: string): string[] {
  const system = listed(JAVA_FOLDER).map((name) => join(JAVA_FOLDER, name, 'bin/java'));
  const found = [...system, ...candidates(searchPath, 'java')].filter(isProgram);
  return found.map((path) => dirname(dirname(realpathSync(path))));
}

/** Programs of a name in the system's folders and in those of PATH. */
function candidates(searchPath: string, name: string): string[] {
  const folders = [...SYSTEM_FOLDERS, ...searchPath.split(delimiter)].filter((folder) =>
    folder.startsWith('/'),
  );
  return folders.flatMap((folder) => behindShims(folder).map((one) => join(one, name))).filter(isProgram);
}

/** `…/shims` of a version manager stands for `…/versions/<version>/bin`. */
function behindShims(folder: string): string[] {
  if (!/\/shims\/?$/.test(folder)) return [folder];
  const versions = join(dirname(folder), 'versions');
  return listed(versions).map((version) => join(versions, version, 'bin'));
}

function major(version: string): string {
  return version.replace(/^v/, '').split('.', 1)[0] ?? '';
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
