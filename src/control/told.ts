/**
 * Who is told what became of a function's events: that they are there, that the function's role may tell them, and
 * that it leads to no loop. Looked up when it is set, and refused in Lambda's words.
 */
import { Fault } from '../base/index.ts';
import { functionRoleName } from '../identity/index.ts';
import {
  type FunctionConfig,
  type FunctionEntry,
  LIVE,
  parseFunctionReference,
  parseQueueArn,
} from '../model/index.ts';
import type { Snapshot } from '../registry/index.ts';
import type { ControlOptions } from './answers.ts';

type Needs = Pick<ControlOptions, 'registry' | 'roles'>;
export type Side = 'onSuccess' | 'onFailure';

/** A function whose events they are. */
export interface Teller {
  readonly name: string;
  readonly config: Pick<FunctionConfig, 'role'>;
}

/** @throws {Fault} `parameter-invalid` */
export function requireDestination(
  { registry, roles }: Needs,
  teller: Teller,
  { side, arn }: { readonly side: Side; readonly arn: string },
): void {
  const snapshot = registry.current();
  const queue = parseQueueArn(arn);
  const called = queue === null && arn.startsWith('arn:') ? parseFunctionReference(arn) : null;
  if (queue === null && (called === null || !arn.includes(':lambda:'))) throw unsupported(side, arn);
  if (queue !== null) {
    const found = snapshot.queues.get(queue);
    if (found === undefined) throw notThere(arn);
    if (found.settings.fifo !== null) throw unsupported(side, arn);
  } else if (called !== null) {
    if (called.name === teller.name)
      throw invalid("You can't specify the function as a destination for itself.");
    if (!snapshot.functions.has(called.name)) throw notThere(arn);
    refuseLoop(snapshot, { from: teller.name, to: called.name, side });
  }
  const [action, word] =
    queue === null ? ['lambda:InvokeFunction', 'InvokeFunction'] : ['sqs:SendMessage', 'SendMessage'];
  const resourcePolicies = policiesOf(snapshot, queue);
  if (roles.roleAllows({ roleName: roleOf(teller), action, resource: arn, resourcePolicies })) return;
  throw invalid(`The function's execution role does not have permissions to call ${word} on ${arn}`);
}

/**
 * Lambda looks at the role alone: that the queue is there is found out when something is told to it.
 *
 * @throws {Fault} `parameter-invalid`
 */
export function requireDeadLetter({ registry, roles }: Needs, teller: Teller, arn: unknown): void {
  if (typeof arn !== 'string' || arn === '') return;
  const queue = parseQueueArn(arn);
  if (queue === null) return; // a topic, which is kept and told nothing yet; or a function, which we allow
  if (queue.endsWith('.fifo'))
    throw invalid(`The dead letter queue ${arn} is a FIFO queue. Use a standard one.`, 'DeadLetterConfig');
  const resourcePolicies = policiesOf(registry.current(), queue);
  const question = { roleName: roleOf(teller), action: 'sqs:SendMessage', resource: arn, resourcePolicies };
  if (roles.roleAllows(question)) return;
  const message = 'The provided execution role does not have permissions to call SendMessage on SQS';
  throw invalid(message, 'DeadLetterConfig');
}

/** Functions that tell each other of every success, or of every failure, would do so without end. */
function refuseLoop(
  { functions }: Pick<Snapshot, 'functions'>,
  { from, to, side }: { readonly from: string; readonly to: string; readonly side: Side },
): void {
  const seen = new Set([from]);
  const next = [to];
  for (let name = next.pop(); name !== undefined; name = next.pop()) {
    if (name === from)
      throw invalid(
        `The destination leads back to the function ${from}: its events would lead to events without end.`,
      );
    const entry = functions.get(name);
    if (entry === undefined || seen.has(name)) continue;
    seen.add(name);
    next.push(...toldBy(entry, side));
  }
}

function toldBy(entry: FunctionEntry, side: Side): string[] {
  const live = entry.versions.get(entry.aliases.get(LIVE)?.version ?? -1) ?? entry.latest;
  const arns = [...[...entry.eventInvoke.values()].map((config) => config[side]), live.config.events?.[side]];
  return arns.flatMap((arn) => {
    const called = arn?.includes(':lambda:') === true ? parseFunctionReference(arn) : null;
    return called === null ? [] : [called.name];
  });
}

function policiesOf({ queues }: Pick<Snapshot, 'queues'>, queue: string | null): string[] {
  const policy = queue === null ? null : (queues.get(queue)?.policy ?? null);
  return policy === null ? [] : [policy];
}

function roleOf({ name, config }: Teller): string {
  return config.role ?? functionRoleName(name);
}

function unsupported(side: Side, arn: string): Fault {
  const parameter = side === 'onSuccess' ? 'OnSuccess' : 'OnFailure';
  return invalid(
    `The destination ARN ${arn} of DestinationConfig.${parameter}.Destination is not supported here: name a function or a standard queue.`,
  );
}

function notThere(arn: string): Fault {
  return invalid(`The destination ARN ${arn} is invalid.`);
}

function invalid(message: string, parameter = 'DestinationConfig'): Fault {
  return new Fault('parameter-invalid', message, { facts: { parameter } });
}
