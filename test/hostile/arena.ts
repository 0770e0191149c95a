/**
 * A real node with isolation, attackers on it, and neighbours that must not notice.
 *
 * After every attack: both neighbours answer, no process of a sandbox is outside its control group, and
 * within moments no process that an attacker started is left. At the end nothing of the node is left.
 */
import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { problem } from '../../src/sandbox/oci/driver-fixture.ts';
import { homeId } from '../../src/sandbox/oci/home-id.ts';
import { runCommand } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { type InvokeDocument, type RealNode, startRealNode } from '../support/real-node.ts';

/** Why these tests do not run here; null: they do. */
export const cannot: string | null =
  process.env.CI === 'true' ? problem : 'attacks take minutes; CI=true runs them';

const PROGRAMS = join(import.meta.dirname, 'programs');
/** User ids of sandboxes begin here, and nobody else's do. */
const FIRST_ID = 1_100_000_000;

export interface Arena extends AsyncDisposable {
  readonly node: RealNode;
  /** Control group of all of the node's sandboxes, as part of a path. */
  readonly group: string;
  /** Lets a function of the app do this, and looks after its neighbours. */
  attack(fn: string, does: string, more?: object): Promise<InvokeDocument>;
  /** That both neighbours answer, each with what is its own. */
  neighbours(): Promise<void>;
  /** That nothing of what attackers have started is left, once their instances have stopped. */
  nothingSurvives(): Promise<void>;
}

export interface Attacker {
  readonly runtime: 'node' | 'python' | 'lying';
  readonly memory?: string;
  readonly timeout?: string;
  readonly ephemeral?: string;
  readonly more?: string;
}

/** @param attackers by the function's name, in the app `hostile` */
export async function openArena(attackers: Readonly<Record<string, Attacker>>): Promise<Arena> {
  const mark = `mark-${process.pid}-${performance.now()}`;
  const node = await startRealNode(['--driver', 'oci']);
  const group = `skein-${homeId(join(node.home, 'sandboxes'))}`;
  /** Started by attackers: they pass their environment on. */
  const marked = () => sandboxProcesses().filter(({ environment }) => environment.includes(mark));
  const arena: Arena = {
    node,
    group,
    async attack(fn, does, more = {}) {
      const document = await node.invoke(`hostile-${fn}`, { does, ...more });
      await arena.neighbours();
      assert.deepEqual(
        marked().filter(({ cgroup }) => cgroup !== '' && !cgroup.includes(`/${group}/`)),
        [],
        'no process of a sandbox is outside of its control group',
      );
      return document;
    },
    async neighbours() {
      const names = ['hostile-neighbour', 'hostile-other'];
      const answers = await Promise.all(names.map((name) => node.invoke(name, { does: 'nothing' })));
      assert.deepEqual(
        answers.map(({ payload }) => payload),
        ['fine', 'fine'],
      );
    },
    async nothingSurvives() {
      await eventually(
        'no process of an attacker is left',
        () => {
          const left = [...marked(), ...crowdsIn(group)];
          return left.length === 0 || left.map(({ pid, command }) => `${pid} ${command}`);
        },
        30_000,
      );
      await arena.neighbours();
    },
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]();
      assert.deepEqual(
        sandboxProcesses().filter(({ cgroup }) => cgroup.includes(group)),
        [],
        'none lives on',
      );
      assert.deepEqual(groupsNamed(group), [], 'no control group is left');
    },
  };
  try {
    await deployTo(node, { attackers, mark });
    await arena.neighbours();
    return arena;
  } catch (error) {
    await node[Symbol.asyncDispose]();
    throw error;
  }
}

async function deployTo(
  node: RealNode,
  { attackers, mark }: { attackers: Readonly<Record<string, Attacker>>; mark: string },
) {
  const folder = mkdtempSync(join(tmpdir(), 'skein-hostile-'));
  try {
    for (const name of ['node', 'python', 'lying'])
      cpSync(join(PROGRAMS, name), join(folder, name), { recursive: true });
    mkdirSync(join(folder, 'victim'));
    cpSync(join(PROGRAMS, 'node/index.js'), join(folder, 'victim/index.js'));
    writeFileSync(join(folder, 'victim/secret.txt'), 'victim-secret-in-code');
    const compiled = await runCommand('gcc', [
      '-O1',
      '-o',
      join(folder, 'node/calls'),
      join(PROGRAMS, 'calls.c'),
    ]);
    assert.equal(compiled.code, 0, compiled.stderr);
    writeFileSync(join(folder, 'skein.yaml'), manifest(attackers, mark));
    await node.skein(['deploy', folder]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const KINDS = {
  node: 'runtime: nodejs24.x, handler: index.handler, code: ./node',
  python: 'runtime: python3.11, handler: app.handler, code: ./python',
  lying: 'runtime: provided.al2023, handler: bootstrap, code: ./lying',
};

/** Attackers' instances end soon after their last request, with whatever they have started. */
function manifest(attackers: Readonly<Record<string, Attacker>>, mark: string): string {
  const lines = Object.entries(attackers).map(
    ([name, { runtime, memory = '256MB', timeout = '60s', ephemeral = '512MB', more = '' }]) => {
      const own = `SECRET: ${name}-secret, ATTACKER: "${mark}"`;
      return `  ${name}: { ${KINDS[runtime]}, memory: ${memory}, timeout: ${timeout}, ephemeral: ${ephemeral}, stopAfter: 1s, environment: { ${own} }${more} }`;
    },
  );
  return [
    'app: hostile',
    'functions:',
    '  neighbour: { runtime: nodejs24.x, handler: index.handler, code: ./victim, timeout: 30s, environment: { SECRET: victim-secret } }',
    `  other: { ${KINDS.python}, timeout: 30s }`,
    ...lines,
    '',
  ].join('\n');
}

interface SandboxProcess {
  readonly pid: number;
  readonly cgroup: string;
  readonly command: string;
  readonly environment: string;
}

/** Everything on this machine that runs as a user of a sandbox. */
export function sandboxProcesses(): SandboxProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (statSync(`/proc/${pid}`).uid < FIRST_ID) return [];
        const [cgroup, command, environment] = ['cgroup', 'cmdline', 'environ'].map((file) =>
          readFileSync(`/proc/${pid}/${file}`, 'latin1'),
        ) as [string, string, string];
        return [{ pid: Number(pid), cgroup, command: command.replaceAll('\0', ' '), environment }];
      } catch {
        return []; // it ended meanwhile
      }
    });
}

/** Processes of sandboxes that have more than process 1 and the runtime: an instance that has started nothing has these. */
function crowdsIn(group: string): SandboxProcess[] {
  const ours = sandboxProcesses().filter(({ cgroup }) => cgroup.includes(`/${group}/`));
  const bySandbox = Object.values(Object.groupBy(ours, ({ cgroup }) => cgroup));
  return bySandbox.flatMap((list = []) => (list.length > 2 ? list : []));
}

function groupsNamed(group: string): string[] {
  const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids', '/sys/fs/cgroup/cpu'];
  return roots
    .map((root) => join(root, group))
    .filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
}

/** What a failed invocation says: `[type, message without the request's id]`. */
export function errorOf({ payload }: InvokeDocument): [string, string] {
  const { errorType, errorMessage } = payload as { errorType: string; errorMessage: string };
  return [errorType, String(errorMessage).replace(/^RequestId: \S+ Error: /, '')];
}

export const KILLED: [string, string] = ['Runtime.ExitError', 'Runtime exited with error: signal: killed'];
