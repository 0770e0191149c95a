/** Statements that SQS's `AddPermission` writes into a queue's policy. Pure. */
import { Fault } from '../../base/index.ts';
import { type PolicyStatement, type QueueEntry, queueArn } from '../../model/index.ts';

/** A queue's policy, in bytes, as of other resources. */
const MAX_POLICY_BYTES = 20_480;

export interface AccountGrant {
  /** What the statement is called, for whoever takes it away. */
  readonly label: string;
  readonly accountIds: readonly string[];
  /** `SQS:SendMessage`, or `SQS:*` */
  readonly actions: readonly string[];
}

interface Document {
  readonly Version: string;
  readonly Id?: string;
  readonly Statement: readonly PolicyStatement[];
}

/** @returns the policy with the grant. @throws {Fault} `resource-conflict`, `policy-too-large` */
export function grantTo({ name, policy }: Pick<QueueEntry, 'name' | 'policy'>, grant: AccountGrant): string {
  const { label, accountIds, actions } = grant;
  const document = read(policy) ?? {
    Version: '2008-10-17',
    Id: `${queueArn(name)}/SQSDefaultPolicy`,
    Statement: [],
  };
  if (document.Statement.some(({ Sid }) => Sid === label))
    throw new Fault(
      'resource-conflict',
      `Value ${label} for parameter Label is invalid. Reason: Already exists.`,
      {
        facts: { label },
      },
    );
  const principals = accountIds.map((id) => `arn:aws:iam::${id}:root`);
  const statement: PolicyStatement = {
    Sid: label,
    Effect: 'Allow',
    Principal: { AWS: oneOrMore(principals) },
    Action: oneOrMore(actions),
    Resource: queueArn(name),
  };
  const text = JSON.stringify({ ...document, Statement: [...document.Statement, statement] });
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_POLICY_BYTES) return text;
  throw new Fault(
    'policy-too-large',
    `The policy of ${name} would have ${bytes} bytes; at most ${MAX_POLICY_BYTES} are allowed.`,
    {
      facts: { bytes, maxBytes: MAX_POLICY_BYTES },
    },
  );
}

/** @returns the policy without the grant; null: nothing is left. @throws {Fault} `parameter-invalid` */
export function revokeFrom({ policy }: Pick<QueueEntry, 'policy'>, label: string): string | null {
  const document = read(policy);
  const left = document?.Statement.filter(({ Sid }) => Sid !== label) ?? [];
  if (document === null || left.length === document.Statement.length)
    throw new Fault(
      'parameter-invalid',
      `Value ${label} for parameter Label is invalid. Reason: can't find label.`,
      { facts: { parameter: 'Label', label } },
    );
  return left.length === 0 ? null : JSON.stringify({ ...document, Statement: left });
}

function read(policy: string | null): Document | null {
  if (policy === null) return null;
  const document = JSON.parse(policy) as Document & {
    readonly Statement: PolicyStatement | PolicyStatement[];
  };
  return { ...document, Statement: [document.Statement].flat() };
}

function oneOrMore(values: readonly string[]): string | readonly string[] {
  return values.length === 1 ? values[0]! : values;
}
