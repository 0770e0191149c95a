/** A schedule that AWS's API makes, from outside: it fires once, and its function's first run is no cold start. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeRole } from '../clients/make-role.ts';
import { awsEnvironment } from '../clients/python-client.ts';
import { eventually } from '../support/eventually.ts';
import { startRealNode } from '../support/real-node.ts';
import { sendSigned } from '../support/signed.ts';

const APP = {
  'skein.yaml':
    'app: nightly\nfunctions:\n  report: { runtime: nodejs24.x, handler: index.handler, code: . }\n',
  'index.js': 'exports.handler = async (event) => console.log(JSON.stringify(event));',
};
/** Long enough to be seen coming, also on a machine that is busy with other things. */
const AHEAD_MS = 20_000;

suite('a schedule for one time', () => {
  test('finds an instance that was started for it, fires once, and goes', { timeout: 240_000 }, async () => {
    await using node = await startRealNode();
    await node.deploy(APP);
    const role = await makeRole(node, 'of-schedules', {
      service: 'scheduler.amazonaws.com',
      action: 'lambda:InvokeFunction',
    });
    const { AWS_ENDPOINT_URL: url = '', ...environment } = awsEnvironment(node);
    const keys = {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
    };
    const call = (method: string, body = '') =>
      sendSigned(url, keys, { method, path: '/schedules/once', service: 'scheduler', body, headers: {} });
    const at = new Date(Date.now() + AHEAD_MS).toISOString().slice(0, 19);
    const made = await call(
      'POST',
      JSON.stringify({
        ScheduleExpression: `at(${at})`,
        FlexibleTimeWindow: { Mode: 'OFF' },
        ActionAfterCompletion: 'DELETE',
        Target: {
          Arn: 'arn:aws:lambda:us-east-1:000000000000:function:nightly-report:live',
          RoleArn: role,
          Input: '{"slot":"<aws.scheduler.scheduled-time>"}',
        },
      }),
    );
    assert.equal(made.status, 200, made.text);
    await eventually(
      'its function ran',
      async () => {
        const usage = await node.usage('nightly-report');
        return usage.invocations === 1 || usage;
      },
      AHEAD_MS + 60_000,
    );
    assert.equal((await node.usage('nightly-report')).coldStarts, 0);
    const { stdout } = await node.skein(['logs', 'nightly-report']);
    assert.match(stdout, new RegExp(`"slot":"${at}Z"`));
    await eventually('it is gone', async () => {
      const { status, text } = await call('GET');
      return status === 404 || text;
    });
  });
});
