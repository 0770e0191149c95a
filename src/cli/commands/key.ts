/** `skein key create|list|rotate|revoke`: access keys for people and machines, told once. */
import type { KeyAnswer, KeysAnswer, RevokedAnswer } from '../../api/index.ts';
import { REGION } from '../../model/index.ts';
import { type Command, type Context, homeOf, text } from '../command.ts';
import { connectNode, type NodeClient } from '../node-client.ts';
import { print, printJson, table, usageFault } from '../output.ts';

export const command: Command = {
  options: { policy: { type: 'string' }, keep: { type: 'boolean' } },
  words: { min: 1, max: 2 },
  async run(context) {
    const [verb = '', word] = context.words;
    const act = VERBS[verb];
    if (act === undefined || (word === undefined) === act.takesWord) {
      throw usageFault(
        'Usage: skein key create USER [--policy ARN|NAME,…] | list | rotate ID [--keep] | revoke ID',
      );
    }
    await act.run(context, word ?? '', connectNode(homeOf(context)));
    return 0;
  },
};

interface Verb {
  readonly takesWord: boolean;
  run(context: Context, word: string, node: NodeClient): Promise<void>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  create: { takesWord: true, run: create },
  list: { takesWord: false, run: list },
  rotate: { takesWord: true, run: rotate },
  revoke: { takesWord: true, run: revoke },
};

async function create(context: Context, user: string, node: NodeClient): Promise<void> {
  const policies = (text(context, 'policy') ?? '').split(',').filter((policy) => policy !== '');
  tell(context, node, await node.call<KeyAnswer>('POST', '/api/v1/keys', { user, policies }));
}

async function rotate(context: Context, id: string, node: NodeClient): Promise<void> {
  const keep = context.values.keep === true;
  const path = `/api/v1/keys/${encodeURIComponent(id)}/rotation`;
  tell(context, node, await node.call<KeyAnswer>('POST', path, { keep }));
}

/** What `export` takes as it is, and AWS's tools and SDKs then read. */
function tell(context: Context, { node }: NodeClient, key: KeyAnswer): void {
  if (context.json) {
    printJson(key);
    return;
  }
  print(`AWS_ACCESS_KEY_ID=${key.accessKeyId}`);
  print(`AWS_SECRET_ACCESS_KEY=${key.secretAccessKey}`);
  // Boto3 and AWS's command read the one, other SDKs the other.
  for (const name of ['AWS_DEFAULT_REGION', 'AWS_REGION']) print(`${name}=${REGION}`);
  print(`AWS_ENDPOINT_URL=${node.control}`);
  print(`# of user ${key.user}; the secret is not shown again`);
  if (key.policies.length > 0) return;
  print('# No policy lets this user do anything yet: --policy AWSLambda_FullAccess, or IAM’s PutUserPolicy.');
}

async function list(context: Context, _: string, node: NodeClient): Promise<void> {
  const answer = await node.call<KeysAnswer>('GET', '/api/v1/keys');
  if (context.json) return printJson(answer);
  if (answer.keys.length === 0) return print('There are no access keys. "skein key create USER" makes one.');
  const rows = answer.keys.map((key) => [
    key.user,
    key.accessKeyId,
    key.active ? 'active' : 'inactive',
    key.createdAt.replace('T', ' ').slice(0, 19),
    key.policies.map((arn) => arn.slice(arn.lastIndexOf('/') + 1)).join(', '),
  ]);
  print(table(['USER', 'ACCESS KEY', 'STATUS', 'CREATED (UTC)', 'POLICIES'], rows));
}

async function revoke(context: Context, id: string, node: NodeClient): Promise<void> {
  const answer = await node.call<RevokedAnswer>('DELETE', `/api/v1/keys/${encodeURIComponent(id)}`);
  if (context.json) return printJson(answer);
  print(`Access key ${answer.accessKeyId} of ${answer.user} is revoked.`);
}
