/** PostgreSQL goes away under load: what is deployed goes on being served, the rest says so, and all is well after. */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { steadyLoad } from '../support/load.ts';
import { logsOf } from '../support/logs.ts';
import { killQuietly, processesBelow } from '../support/processes.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const COLD = 6;

function app(text: string): Record<string, string> {
  const cold = Array.from(
    { length: COLD },
    (_, n) => `  cold${n}: { runtime: nodejs24.x, handler: index.handler, code: ./node }\n`,
  );
  return {
    'skein.yaml': `app: away
functions:
  warm: { runtime: nodejs24.x, handler: index.handler, code: ./node }
  snake: { runtime: python3.11, handler: app.handler, code: ./python }
${cold.join('')}`,
    'node/index.js': `exports.handler = async (event) => {
      console.log('served ' + event.rawQueryString);
      return '${text}';
    };`,
    'python/app.py': `def handler(event, context):\n    return "${text}"\n`,
  };
}

/** One request; the text of any answer that is not what it should be. */
async function ask(node: RealNode, name: string, query: string): Promise<string | null> {
  const { status, body } = await node.request(`away-${name}.localhost`, { path: `/?${query}` });
  return status === 200 && body.toString() === '"old"' ? null : `${name}: ${status} ${body}`;
}

interface Outage {
  readonly lastsMs: number;
  begin(node: RealNode): void;
  end(node: RealNode): void;
}

async function liveThrough(t: TestContext, { lastsMs, begin, end }: Outage): Promise<void> {
  await using node = await startRealNode();
  await node.deploy(app('old'));
  const load = steadyLoad(4, (n) => ask(node, 'warm', `n=${n}`));
  await load.more(50);

  begin(node);
  const over = delay(lastsMs);
  try {
    const beganAt = performance.now();
    const refused = node.deploy(app('new'), { allowFailure: true });
    const cold = await Promise.all([
      ask(node, 'snake', 'cold'),
      ...Array.from({ length: COLD }, (_, n) => ask(node, `cold${n}`, `outage=${n}`)),
    ]);
    assert.deepEqual(
      cold.filter((failure) => failure !== null),
      [],
      'cold requests are served',
    );
    const { code, stderr } = await refused;
    const tookMs = performance.now() - beganAt;
    t.diagnostic(`the deploy was refused after ${Math.round(tookMs)} ms: ${stderr.trim()}`);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /database.*What is deployed goes on being served/);
    await load.more(50);
    await over;
  } finally {
    end(node);
  }

  const answers = await load.stop();
  t.diagnostic(`${answers.length} warm requests`);
  assert.deepEqual(
    answers.filter((failure) => failure !== null),
    [],
    'warm requests are served',
  );
  await recovered(node, answers.length);
}

async function recovered(node: RealNode, served: number): Promise<void> {
  await eventually(
    'what was used during the outage is on the bill',
    async () => {
      const counted = await node.usage('away-warm').then(
        ({ invocations }) => invocations,
        (refusal) => String(refusal), // the server may still be on its way
      );
      return counted === served || `${counted} of ${served}`;
    },
    30_000,
  );
  await eventually('its lines are in the log', async () =>
    (await logsOf(node, 'away-cold0')).some(({ message }) => message.includes('served outage=0')),
  );
  await eventually('a deploy works again', async () => {
    const { code, stderr } = await node.deploy(app('new'), { allowFailure: true });
    return code === 0 || stderr;
  });
  const { body } = await node.request('away-warm.localhost', {});
  assert.equal(body.toString(), '"new"');
}

suite('PostgreSQL away under load', () => {
  test('hanging for 10 s: not one request fails, and a deploy is refused in good time', async (t) => {
    let frozen: number[] = [];
    await liveThrough(t, {
      lastsMs: 10_000,
      begin(node) {
        const server = node.postgresPid;
        frozen = [server, ...processesBelow(server).map(({ pid }) => pid)];
        for (const pid of frozen) killQuietly(pid, 'SIGSTOP');
      },
      end() {
        for (const pid of frozen) killQuietly(pid, 'SIGCONT');
      },
    });
  });

  test('killed, and not able to come back for a while: the same', async (t) => {
    let kept = '';
    const configuration = (node: RealNode) => join(node.home, 'postgresql/data/postgresql.conf');
    await liveThrough(t, {
      lastsMs: 3_000,
      begin(node) {
        kept = readFileSync(configuration(node), 'utf8');
        appendFileSync(configuration(node), '\nnonsense = 1\n');
        killQuietly(node.postgresPid, 'SIGKILL');
      },
      end: (node) => writeFileSync(configuration(node), kept),
    });
  });
});
