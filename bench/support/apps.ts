/** Apps to measure with, made in temporary folders. */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const HELLO = join(import.meta.dirname, '../fixtures/hello');

/** An app of hello functions with these keys and a whole processor each (1,769 MB); `generation` in the environment makes new versions. */
export function helloApp(app: string, keys: readonly string[], generation = '0'): string {
  const folder = mkdtempSync(join(tmpdir(), `bench-${app}-`));
  cpSync(HELLO, join(folder, 'code'), { recursive: true });
  const functions = keys.map(
    (key) =>
      `  ${key}: { runtime: nodejs24.x, handler: index.handler, code: ./code, memory: 1769MB, environment: { GENERATION: "${generation}" } }`,
  );
  writeFileSync(join(folder, 'skein.yaml'), `app: ${app}\nfunctions:\n${functions.join('\n')}\n`);
  return folder;
}

/** A function whose package has 50 MB that do not compress. */
export function heavyApp(app: string): string {
  const folder = helloApp(app, ['heavy']);
  mkdirSync(join(folder, 'code/data'));
  for (let part = 0; part < 50; part++) {
    writeFileSync(join(folder, `code/data/${part}.bin`), randomBytes(1024 * 1024));
  }
  return folder;
}

/** A function that prints as much as it can for two seconds. */
export function floodApp(app: string): string {
  const folder = helloApp(app, ['flood']);
  const source = `const line = 'x'.repeat(200);
export const handler = async () => {
  for (const end = Date.now() + 2000; Date.now() < end; ) {
    for (let n = 0; n < 100; n++) console.log(line);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return 'done';
};
`;
  writeFileSync(join(folder, 'code/index.mjs'), source);
  return folder;
}

/** One function that holds each request for a second, so that every request at once needs an instance. */
export function burstApp(app: string): string {
  const folder = helloApp(app, ['storm']);
  const source = `export const handler = async () => {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return 'done';
};
`;
  writeFileSync(join(folder, 'code/index.mjs'), source);
  return folder;
}

/** One function that answers when the address in its body has; an instance that is not used for five seconds goes. */
export function waiterApp(app: string): string {
  const folder = helloApp(app, ['waiter']);
  // CommonJS: an `import` of node:http makes Node.js load its WebSocket client, 6 MB for each instance.
  const source = `const http = require('node:http');
exports.handler = (event) => new Promise((resolve, reject) => {
  const url = event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString() : event.body;
  http.get(url, (answer) => answer.resume().on('end', () => resolve('done'))).on('error', reject);
});
`;
  rmSync(join(folder, 'code/index.mjs'));
  writeFileSync(join(folder, 'code/index.cjs'), source);
  const settings = 'runtime: nodejs24.x, handler: index.handler, code: ./code, timeout: 300s, stopAfter: 5s';
  writeFileSync(join(folder, 'skein.yaml'), `app: ${app}\nfunctions:\n  waiter: { ${settings} }\n`);
  return folder;
}

/** The same functions with other code. */
export function codeApp(
  app: string,
  keys: readonly string[],
  { code, runtime }: { code: string; runtime: string },
): string {
  const folder = helloApp(app, keys);
  rmSync(join(folder, 'code'), { recursive: true });
  cpSync(code, join(folder, 'code'), { recursive: true });
  const manifest = join(folder, 'skein.yaml');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replaceAll('nodejs24.x', runtime));
  return folder;
}
