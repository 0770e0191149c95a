/** From a handler such as `src/index.handler` to the file that has to be there. */
import { readdir, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Fault } from '../../base/index.ts';
import { nearest } from '../../manifest/index.ts';
import { isIgnored } from './contents.ts';

/** TypeScript first: a `.js` beside it was most likely made from it. */
const NODE_EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];
const PYTHON_FILES = ['.py', '/__init__.py', '.pyc', '.so'];

/** A function's code, as its packer is told of it. */
export interface Code {
  /** The folder, resolved. */
  readonly folder: string;
  readonly handler: string;
  readonly key: string;
}

export interface Entry {
  /** Relative to the folder, with slashes: `src/index.ts`. */
  readonly file: string;
  /** The same without its extension, where the runtime looks: `src/index`. */
  readonly stem: string;
  /** `handler`, or `a.b` for a nested export. */
  readonly exported: string;
}

/**
 * Whether the handler names an executable file: what a wrapper script (`AWS_LAMBDA_EXEC_WRAPPER`) starts in the
 * runtime's place, as AWS's web adapter has it.
 */
export async function handlerIsProgram({ folder, handler }: Code): Promise<boolean> {
  if (handler === '' || handler.includes('..')) return false;
  const found = await stat(join(folder, handler)).catch(() => null);
  return found?.isFile() === true && (found.mode & 0o100) !== 0;
}

/**
 * The Node.js file of a handler: all before the first dot of its last part names the file.
 *
 * @throws {Fault} `manifest-invalid` naming what was looked for and what is there
 */
export async function nodeEntry(code: Code): Promise<Entry> {
  const base = posix.basename(code.handler);
  const dot = base.indexOf('.');
  if (dot < 1 || code.handler.includes('..')) throw malformed(code, 'index.handler');
  const stem = posix.join(posix.dirname(code.handler), base.slice(0, dot));
  const exported = base.slice(dot + 1);
  for (const extension of NODE_EXTENSIONS) {
    if (await isFile(join(code.folder, stem + extension))) return { file: stem + extension, stem, exported };
  }
  throw await missing(code, stem, NODE_EXTENSIONS);
}

/**
 * The Python module of a handler: all before the last dot, where dots are folders too.
 *
 * @throws {Fault} `manifest-invalid`
 */
export async function pythonEntry(code: Code): Promise<Entry> {
  const dot = code.handler.lastIndexOf('.');
  if (dot < 1) throw malformed(code, 'app.handler');
  const stem = code.handler.slice(0, dot).replaceAll('.', '/');
  const exported = code.handler.slice(dot + 1);
  for (const ending of PYTHON_FILES) {
    if (await isFile(join(code.folder, stem + ending))) return { file: stem + ending, stem, exported };
  }
  // A compiled module: app.cpython-311-x86_64-linux-gnu.so
  const beside = await readdir(join(code.folder, posix.dirname(stem))).catch(() => []);
  const compiled = beside.find((name) => name.startsWith(`${posix.basename(stem)}.`) && name.endsWith('.so'));
  if (compiled !== undefined) return { file: posix.join(posix.dirname(stem), compiled), stem, exported };
  throw await missing(code, stem, ['.py', '/__init__.py']);
}

/** @throws {Fault} `manifest-invalid` unless there is an executable file named `bootstrap` */
export async function checkBootstrap(code: Code): Promise<void> {
  const found = await stat(join(code.folder, 'bootstrap')).catch(() => null);
  if (found === null) {
    const message = `functions.${code.key}.code: there is no file \`bootstrap\` in ${code.folder}; provided.al2023 runs it. Build it first.`;
    throw new Fault('manifest-invalid', message, { facts: { file: 'bootstrap' } });
  }
  if (!found.isFile() || (found.mode & 0o100) === 0) {
    const file = join(code.folder, 'bootstrap');
    const message = `functions.${code.key}.code: ${file} is not an executable file; run \`chmod +x ${file}\`.`;
    throw new Fault('manifest-invalid', message, { facts: { file: 'bootstrap' } });
  }
}

/**
 * Java code: the handler's class as a file, or jars in `lib/`, one of which is taken to hold it.
 *
 * @throws {Fault} `manifest-invalid`
 */
export async function javaEntry(code: Code): Promise<void> {
  const name = code.handler.split('::', 1)[0] ?? '';
  if (!/^[\p{L}_$][\p{L}\p{N}_$.]*$/u.test(name)) throw malformed(code, 'example.Handler::handleRequest');
  if (await isFile(join(code.folder, `${name.replaceAll('.', '/')}.class`))) return;
  const jars = await readdir(join(code.folder, 'lib')).catch(() => []);
  if (jars.some((jar) => jar.endsWith('.jar'))) return;
  const message = `functions.${code.key}.handler: the class ${name} is missing in ${code.folder}: there is neither ${name.replaceAll('.', '/')}.class nor a .jar in lib/. Build it first.`;
  throw new Fault('manifest-invalid', message, { facts: { handler: code.handler } });
}

function malformed(code: Code, example: string): Fault {
  const message = `functions.${code.key}.handler: ${JSON.stringify(code.handler)} is not file.export, such as ${example}.`;
  return new Fault('manifest-invalid', message, { facts: { handler: code.handler } });
}

async function missing(code: Code, stem: string, endings: readonly string[]): Promise<Fault> {
  const looked = endings.map((ending) => stem + ending).join(', ');
  const files = await codeFiles(code.folder, endings, []);
  const stems = new Map(files.map((file) => [file.replace(/(?:\/__init__)?\.[^./]+$/, ''), file]));
  const meant = nearest(stem, stems.keys());
  const near = meant === null ? files.slice(0, 5) : [stems.get(meant)!];
  const hint = near.length === 0 ? 'no code file is there' : `there is ${near.join(', ')}`;
  const message = `functions.${code.key}.handler: the file of ${JSON.stringify(code.handler)} is missing in ${code.folder}; looked for ${looked}; ${hint}.`;
  return new Fault('manifest-invalid', message, { facts: { handler: code.handler } });
}

/** Code files, two folders deep and a few hundred at most: enough for a hint. */
async function codeFiles(
  folder: string,
  endings: readonly string[],
  below: readonly string[],
): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(join(folder, ...below), { withFileTypes: true }).catch(() => []);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (isIgnored(entry.name) || entry.name === 'node_modules' || found.length > 300) continue;
    const path = [...below, entry.name];
    const name = path.join('/');
    if (entry.isDirectory() && below.length < 2) found.push(...(await codeFiles(folder, endings, path)));
    else if (endings.some((ending) => name.endsWith(ending)) && !name.endsWith('.d.ts')) found.push(name);
  }
  return found;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() === true;
}
