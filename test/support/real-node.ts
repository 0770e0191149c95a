/**
 * A real node for tests from outside: started by the command, with a home and a PostgreSQL of its
 * own, talked to only through the command and HTTP, and gone at the end.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UsageAnswer } from '../../src/api/index.ts';
import { appFolder } from './app-folder.ts';
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
  /** `skein deploy` of an app with these files, `skein.yaml` among them. */
  deploy(
    files: Readonly<Record<string, string>>,
    options?: { allowFailure?: boolean },
  ): Promise<CommandResult>;
  /** A request to the front door as if for `host`. */
  request(host: string, request: HttpRequest): Promise<HttpAnswer>;
  /** A request to the control API with the node's token; `body` is sent as JSON. */
  control(method: string, path: string, body?: unknown): Promise<HttpAnswer>;
  /** What `skein invoke NAME --json` prints, without the command in between. */
  invoke(name: string, event?: unknown): Promise<InvokeDocument>;
  /** What `skein usage --json` prints about one function. */
  usage(name: string): Promise<UsageSums>;
}

export interface InvokeDocument {
  readonly functionError: string | null;
  readonly payload: unknown;
  readonly requestId: string;
  readonly executedVersion: string;
  readonly report: { readonly durationMs: number; readonly billedMs: number; readonly maxMemoryMb: number };
}

export type UsageSums = Omit<UsageAnswer['functions'][number], 'name' | 'gbSeconds'>;

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

/** Starts a node on free ports. `args` are added to `skein up`, `env` to its environment. */
export async function startRealNode(
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<RealNode> {
  const home = mkdtempSync(join(tmpdir(), 'skein-home-'));
  const skein = commandOn(home, env);
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
  const control: RealNode['control'] = (method, path, body) =>
    controlRequest(written, { method, path, body });
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
    control,
    ...shortcuts(skein, control),
    async [Symbol.asyncDispose]() {
      await skein(['down'], { allowFailure: true });
      leaveNothing(written.pid, postgresPid);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function shortcuts(
  skein: RealNode['skein'],
  control: RealNode['control'],
): Pick<RealNode, 'deploy' | 'invoke' | 'usage'> {
  return {
    async deploy(files, options) {
      using folder = appFolder(files);
      return await skein(['deploy', folder.path], options);
    },
    async invoke(name, event = {}) {
      const answer = await control('POST', `/api/v1/functions/${name}/invocations`, event);
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
      return answer.json() as unknown as InvokeDocument;
    },
    async usage(name) {
      const answer = await control('GET', '/api/v1/usage');
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
      const { functions } = answer.json() as unknown as UsageAnswer;
      const counts = { invocations: 0, errors: 0, throttles: 0, coldStarts: 0 };
      const nothing = { ...counts, durationMs: 0, billedMs: 0, provisionedGbSeconds: 0 };
      return functions.find((fn) => fn.name === name) ?? nothing;
    },
  };
}

function commandOn(home: string, more: NodeJS.ProcessEnv): RealNode['skein'] {
  const env = { ...process.env, ...more, SKEIN_HOME: home };
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
