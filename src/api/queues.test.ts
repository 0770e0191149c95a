import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type Api, createApi } from './api.ts';
import { openNode } from './node-by-hand.ts';

suite('queues over the control API', () => {
  const { node, options } = openNode();
  let api: Api;
  before(async () => {
    api = createApi(options);
    await api.start();
  });
  after(() => api.stop());

  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  async function ask(method: string, path: string, body?: object): Promise<{ status: number; json: any }> {
    const answer = await fetch(`${api.url}/api/v1/queues${path}`, {
      method,
      headers: { authorization: 'Bearer secret', ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, json: await answer.json() };
  }

  test('are listed and shown with what lies in them and who reads it', async () => {
    const counts = { visible: 1, inFlight: 2, delayed: 3 };
    const summary = { name: 'jobs', app: 'shop', fifo: false, paused: false, ...counts, deadLetter: null };
    assert.deepEqual((await ask('GET', '')).json, { queues: [summary] });
    const { json } = await ask('GET', '/jobs');
    assert.deepEqual(json.consumers, ['shop-work']);
    assert.equal(json.oldestAt, '1970-01-01T00:00:00.000Z');
    assert.equal(json.settings.visibilityTimeoutSeconds, 30);
    assert.deepEqual([json.redrives[0].moved, json.redrives[0].toMove], [1, 2]);
  });

  test('show messages without receiving them', async () => {
    const { json } = await ask('GET', '/jobs/messages?limit=5');
    assert.deepEqual(
      [json.messages[0].body, json.messages[0].sentAt],
      ['{"n":1}', '1970-01-01T00:00:00.000Z'],
    );
    assert.equal((await ask('GET', '/jobs/messages?limit=0')).status, 400);
  });

  test('are sent to, paused, emptied, moved from', async () => {
    const sent = await ask('POST', '/jobs/messages', { body: 'x', group: 'g', delaySeconds: 2 });
    assert.equal(sent.json.messageId, 'm-1');
    const message = { body: 'x', groupId: 'g', deduplicationId: null, delayMs: 2_000 };
    assert.deepEqual(node.seen.queue, { name: 'jobs', messages: [message] });
    assert.deepEqual((await ask('POST', '/jobs/pause')).json, { name: 'jobs', paused: true });
    assert.deepEqual(node.seen.queue, { name: 'jobs', paused: true });
    assert.deepEqual((await ask('POST', '/jobs/resume')).json, { name: 'jobs', paused: false });
    assert.deepEqual((await ask('DELETE', '/jobs/messages')).json, { name: 'jobs', deleted: 6 });
    const { json } = await ask('POST', '/jobs/redrives', { perSecond: 5 });
    assert.deepEqual(node.seen.queue, { source: 'jobs', destination: null, maxPerSecond: 5 });
    assert.equal(json.status, 'running');
    assert.equal((await ask('DELETE', `/jobs/redrives/${json.id}`)).json.moved, 4);
  });

  test('that are not there are said not to be, the target of a move too', async () => {
    const missing = await ask('GET', '/jops');
    assert.deepEqual([missing.status, missing.json.error.code], [404, 'queue-not-found']);
    assert.equal((await ask('POST', '/jobs/redrives', { to: 'jops' })).status, 404);
    assert.equal((await ask('POST', '/jobs/redrives', { perSecond: 501 })).status, 400);
  });
});
