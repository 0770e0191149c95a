/**
 * What a function's own role allows: what its manifest entry names (`uses`, triggers, destinations), and nothing else;
 * and for what it refuses, the line of the manifest that would allow it.
 */
import {
  type FunctionConfig,
  type FunctionEntry,
  functionArn,
  parseFunctionReference,
  parseQueueArn,
  type QueueRight,
  queueArn,
} from '../model/index.ts';
import type { Snapshot } from '../registry/index.ts';

/** What each right on a queue lets code do. Who may use a queue may also find it and read its settings. */
const QUEUE_ACTIONS: Readonly<Record<QueueRight, readonly string[]>> = {
  send: ['sqs:SendMessage', 'sqs:GetQueueUrl', 'sqs:GetQueueAttributes'],
  receive: [
    ...['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
    ...['sqs:GetQueueUrl', 'sqs:GetQueueAttributes'],
  ],
  purge: ['sqs:PurgeQueue', 'sqs:GetQueueUrl', 'sqs:GetQueueAttributes'],
};
const FUNCTION_ACTIONS = ['lambda:InvokeFunction', 'lambda:InvokeFunctionUrl'];

type Rights = Pick<Snapshot, 'functions' | 'triggers'>;

/** @returns the statements of the function's role; null: there is no such function */
export function roleStatements({ functions, triggers }: Rights, functionName: string): object[] | null {
  const entry = functions.get(functionName);
  if (entry === undefined) return null;
  const called = new Set<string>();
  const queues = new Map<string, Set<QueueRight>>();
  const allowQueue = (name: string, rights: readonly QueueRight[]) =>
    queues.set(name, new Set([...(queues.get(name) ?? []), ...rights]));
  for (const { uses, events } of inUse(entry)) {
    for (const use of uses) {
      if ('queue' in use) allowQueue(use.queue, use.allow);
      else called.add(use.function);
    }
    for (const arn of [events?.onSuccess, events?.onFailure, events?.deadLetter]) {
      if (arn == null) continue;
      const [name, queue] = [functionIn(arn), parseQueueArn(arn)];
      if (queue !== null) allowQueue(queue, ['send']);
      else if (name !== null) called.add(name);
    }
  }
  for (const { app, functionName: reader, source } of triggers.values()) {
    const queue = app !== null && reader === functionName && source !== null ? parseQueueArn(source) : null;
    if (queue !== null) allowQueue(queue, ['receive']);
  }
  return [
    ...[...called].toSorted().map(functionStatement),
    ...[...queues].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(queueStatement),
  ];
}

/** The versions that aliases point at: after a rollback it may what it might before, and no more. */
function inUse({ aliases, versions }: FunctionEntry): FunctionConfig[] {
  const numbers = [...aliases.values()].flatMap(({ version, second }) => [
    version,
    second?.version ?? version,
  ]);
  return numbers.flatMap((number) => versions.get(number)?.config ?? []);
}

function functionStatement(name: string): object {
  return {
    Sid: `Invoke${letters(name)}`,
    Effect: 'Allow',
    Action: FUNCTION_ACTIONS,
    Resource: [functionArn(name), `${functionArn(name)}:*`],
  };
}

function queueStatement([name, rights]: [string, ReadonlySet<QueueRight>]): object {
  const actions = new Set([...rights].flatMap((right) => QUEUE_ACTIONS[right]));
  return { Sid: `Queue${letters(name)}`, Effect: 'Allow', Action: [...actions], Resource: queueArn(name) };
}

function letters(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, '');
}

function functionIn(arn: string): string | null {
  return arn.startsWith('arn:aws:lambda:') ? (parseFunctionReference(arn)?.name ?? null) : null;
}

/** What was refused. */
export interface Refused {
  /** `sqs:SendMessage` */
  readonly action: string;
  readonly resource: string;
}

/**
 * Where a manifest would allow what a function's own role does not, as a sentence.
 *
 * @returns null where no manifest can: the function belongs to no app, or `uses` has no word for it
 */
export function manifestLine(entry: FunctionEntry | undefined, { action, resource }: Refused): string | null {
  if (entry === undefined || entry.app === null) return null;
  const { app } = entry;
  const key = (name: string) => (name.startsWith(`${app}-`) ? name.slice(app.length + 1) : name);
  const use = useFor(action.toLowerCase(), resource, key);
  return use === null
    ? null
    : `To allow it, add to functions.${key(entry.name)} in skein.yaml: uses: [ ${use} ]`;
}

function useFor(action: string, resource: string, key: (name: string) => string): string | null {
  const called = functionIn(resource);
  if (called !== null && FUNCTION_ACTIONS.some((each) => each.toLowerCase() === action)) {
    return `{ function: ${key(called)}, allow: [ invoke ] }`;
  }
  const queue = parseQueueArn(resource);
  const right = (Object.keys(QUEUE_ACTIONS) as QueueRight[]).find((each) =>
    QUEUE_ACTIONS[each].some((allowed) => allowed.toLowerCase() === action),
  );
  if (queue === null || right === undefined) return null;
  return `{ queue: ${key(queue).replace(/\.fifo$/, '')}, allow: [ ${right} ] }`;
}
