/**
 * A real node for tests from outside: started by the command, with a home and a PostgreSQL of its
 * own, talked to only through the command and HTTP, and gone at the end.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, runCommand } from './command.ts';
import { killQuietly } from './processes.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface RealNode extends AsyncDisposable {
  readonly home: string;
  /** Another one after each `up`. */
  readonly gateway: URL;
  /** Process id of the node; another one after each `up`. */
  readonly pid: number;
  /** Process id of its PostgreSQL, by what PostgreSQL itself has written down. */
  readonly postgresPid: number;
  /** Starts the node again, on the same home, after it was stopped or killed. */
  up(): Promise<void>;
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
  const skein = commandOn(home);
  let written = { gateway: '', control: '', token: '', pid: 0 };
  const up = async () => {
    await skein(['up', '--detach', '--gateway', '127.0.0.1:0', '--control', '127.0.0.1:0', ...args]);
    written = JSON.parse(readFileSync(join(home, 'node.json'), 'utf8'));
  };
  const postgresPid = () =>
    Number.parseInt(readFileSync(join(home, 'postgresql/data/postmaster.pid'), 'utf8'), 10);
  try {
    await up();
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
  return {
    home,
    get gateway() {
      return new URL(written.gateway);
    },
    get pid() {
      return written.pid;
    },
    get postgresPid() {
      return postgresPid();
    },
    up,
    skein,
    request: (host, request) => send(new URL(written.gateway), host, request),
    control: (method, path, body) => controlRequest(written, { method, path, body }),
    async [Symbol.asyncDispose]() {
      await skein(['down'], { allowFailure: true });
      leaveNothing(written.pid, postgresPid);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function commandOn(home: string): RealNode['skein'] {
  const env = { ...process.env, SKEIN_HOME: home };
  return async (words, options = {}) => {
    const result = await runCommand(process.execPath, [join(ROOT, 'bin/skein'), ...words], {
      env,
      cwd: ROOT,
    });
    if (result.code !== 0 && options.allowFailure !== true) {
      throw new Error(`skein ${words.join(' ')}: exit code ${result.code}\n${result.stdout}${result.stderr}`);
    }
    return result;
  };
}

function controlRequest(
  { control, token }: { control: string; token: string },
  { method, path, body }: { method: string; path: string; body: unknown },
): Promise<HttpAnswer> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  const url = new URL(control);
  return send(url, url.host, {
    method,
    path,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** For a test that failed half-way, with its node or its PostgreSQL killed, frozen or left behind. */
function leaveNothing(nodePid: number, postgresPid: () => number): void {
  killQuietly(nodePid, 'SIGKILL');
  try {
    killQuietly(postgresPid(), 'SIGKILL');
  } catch {
    // no pid file: PostgreSQL was stopped in order
  }
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
