/**
 * A real node for tests from outside: started by the command, with a home and a PostgreSQL of its
 * own, talked to only through the command and HTTP, and gone at the end.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, runCommand } from './command.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface RealNode extends AsyncDisposable {
  readonly home: string;
  readonly gateway: URL;
  /** Process id of the node. */
  readonly pid: number;
  /** `skein …` on this node; fails the test when the command fails, unless `allowFailure`. */
  skein(args: readonly string[], options?: { allowFailure?: boolean }): Promise<CommandResult>;
  /** A request to the front door as if for `host`. */
  request(host: string, request: HttpRequest): Promise<HttpAnswer>;
  /** A request to the control API with the node's token; `body` is sent as JSON. */
  control(method: string, path: string, body?: unknown): Promise<HttpAnswer>;
}

export interface HttpRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  json(): Record<string, unknown>;
}

/** Starts a node on free ports. `args` are added to `skein up`. */
export async function startRealNode(args: readonly string[] = []): Promise<RealNode> {
  const home = mkdtempSync(join(tmpdir(), 'skein-home-'));
  const env = { ...process.env, SKEIN_HOME: home };
  const skein = async (words: readonly string[], options: { allowFailure?: boolean } = {}) => {
    const result = await runCommand(process.execPath, [join(ROOT, 'bin/skein'), ...words], {
      env,
      cwd: ROOT,
    });
    if (result.code !== 0 && options.allowFailure !== true) {
      throw new Error(`skein ${words.join(' ')}: exit code ${result.code}\n${result.stdout}${result.stderr}`);
    }
    return result;
  };
  try {
    await skein(['up', '--detach', '--gateway', '127.0.0.1:0', '--control', '127.0.0.1:0', ...args]);
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
  const { gateway, control, token, pid } = JSON.parse(readFileSync(join(home, 'node.json'), 'utf8'));
  const authorization = `Bearer ${token}`;
  return {
    home,
    gateway: new URL(gateway),
    pid,
    skein,
    request: (host, request) => send(new URL(gateway), host, request),
    control: (method, path, body) =>
      send(new URL(control), new URL(control).host, {
        method,
        path,
        headers: { authorization, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    async [Symbol.asyncDispose]() {
      await skein(['down'], { allowFailure: true });
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function send(gateway: URL, host: string, request: HttpRequest): Promise<HttpAnswer> {
  const { method = 'GET', path = '/', headers = {}, body } = request;
  return new Promise((resolve, reject) => {
    const outgoing = http.request(
      {
        hostname: gateway.hostname,
        port: gateway.port,
        method,
        path,
        headers: { ...headers, host },
        agent: false,
      },
      async (incoming) => {
        const chunks = await Array.fromAsync(incoming as AsyncIterable<Buffer>);
        const bytes = Buffer.concat(chunks);
        const { statusCode = 0, headers } = incoming;
        resolve({ status: statusCode, headers, body: bytes, json: () => JSON.parse(bytes.toString()) });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
