/** Webhooks signed by the libraries that their senders publish. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const CACHE = join(import.meta.dirname, '.cache/webhooks');
const missing = existsSync(CACHE) ? false : 'the senders are not installed (test/clients/install.sh)';

const MANIFEST = `
app: hooks
functions:
  take:
    runtime: nodejs24.x
    handler: index.handler
    code: ./take
    routes:
      - { route: "POST /stripe", webhook: stripe, secret: STRIPE }
      - { route: "POST /github", webhook: github, secret: GITHUB }
      - { route: "POST /standard", webhook: standard, secret: STANDARD }
`;

const SECRETS = {
  STRIPE: 'whsec_7Sxmn4oAgUMPvqMlvbcwjvVTBZLhdKbd',
  GITHUB: "It's a Secret to Everybody",
  STANDARD: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
};

interface StripeLibrary {
  new (
    key: string,
  ): {
    readonly webhooks: {
      generateTestHeaderString(what: { payload: string; secret: string; timestamp?: number }): string;
    };
  };
}
interface StandardLibrary {
  readonly Webhook: new (secret: string) => { sign(id: string, at: Date, payload: string): string };
}
interface GithubLibrary {
  sign(secret: string, payload: string): Promise<string>;
}

/** What each sender's library makes of a body; `at` is a time that it signs, where it signs one. */
async function signers() {
  const installed = createRequire(join(CACHE, 'package.json'));
  const load = async <T>(name: string) => (await import(pathToFileURL(installed.resolve(name)).href)) as T;
  const { default: Stripe } = await load<{ default: StripeLibrary }>('stripe');
  const standard = await load<StandardLibrary>('standardwebhooks');
  const octokit = (await import(
    pathToFileURL(join(CACHE, 'node_modules/@octokit/webhooks-methods/dist-node/index.js')).href
  )) as GithubLibrary;
  const stripe = new Stripe('sk_test_1');
  const webhook = new standard.Webhook(SECRETS.STANDARD);
  return {
    stripe: async (payload: string, at: Date) => ({
      'stripe-signature': stripe.webhooks.generateTestHeaderString({
        ...{ payload, secret: SECRETS.STRIPE },
        timestamp: Math.floor(at.getTime() / 1_000),
      }),
    }),
    github: async (payload: string) => ({
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
      'x-hub-signature-256': await octokit.sign(SECRETS.GITHUB, payload),
    }),
    standard: async (payload: string, at: Date) => ({
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': webhook.sign('msg_1', at, payload),
    }),
  };
}

suite('webhooks signed by their senders’ libraries', { skip: missing }, () => {
  let node: RealNode;
  before(async () => {
    node = await startRealNode(['--driver', 'process']);
    for (const [name, value] of Object.entries(SECRETS)) await node.skein(['secret', 'set', name, value]);
    const code = 'exports.handler = async () => {}';
    await node.deploy({ 'skein.yaml': MANIFEST, 'take/index.js': code });
  });
  after(() => node?.[Symbol.asyncDispose]());

  const body = JSON.stringify({ id: 'evt_1', object: 'event', note: 'Zürich ☕' });
  for (const scheme of ['stripe', 'github', 'standard'] as const) {
    test(`${scheme}: believed as it is, not when it was changed or signed an hour ago`, async () => {
      const sign = (await signers())[scheme];
      const send = async (text: string, headers: Record<string, string>) => {
        const typed = { 'content-type': 'application/json', ...headers };
        const request = { method: 'POST', path: `/${scheme}`, headers: typed, body: text };
        return (await node.request('hooks.localhost', request)).status;
      };
      const headers = await sign(body, new Date());
      assert.equal(await send(body, headers), 202);
      assert.equal(await send(body.replace('evt_1', 'evt_2'), headers), 401);
      const old = await sign(body, new Date(Date.now() - 3_600_000));
      if (scheme !== 'github') assert.equal(await send(body, old), 401);
    });
  }
});
