/** Tasks that move messages out of a dead-letter queue. */
import { parseQueueArn, type QueueEntry, queueArn } from '../../../model/index.ts';
import type { MoveTask } from '../../../resources/index.ts';
import type { ListMessageMoveTasksResultEntry, SqsOperations } from '../models/sqs.types.ts';
import { AwsError } from '../protocol/index.ts';
import type { AwsCall, Operations } from '../service.ts';
import { invalid, required, within } from './errors.ts';
import type { SqsParts } from './parts.ts';
import { sourcesOf } from './queues.ts';

/** What a task does with its source, in the name of who starts it. */
const ON_SOURCE = ['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];

export function moveOperations(parts: SqsParts) {
  const { moves } = parts.queues;
  return {
    async StartMessageMoveTask(input, call) {
      const { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond: rate = null } = input;
      const source = await permittedByArn(parts, call, {
        arn: SourceArn,
        what: 'SourceArn',
        actions: ON_SOURCE,
      });
      const sources = sourcesOf(parts, source.name);
      if (sources.length === 0) throw invalid('Source queue must be configured as a Dead Letter Queue.');
      const sending = { what: 'DestinationArn', actions: ['SendMessage'] } as const;
      for (const name of DestinationArn === undefined ? sources : [])
        await permittedByArn(parts, call, { ...sending, arn: queueArn(name) });
      const destination =
        DestinationArn === undefined
          ? null
          : (await permittedByArn(parts, call, { ...sending, arn: DestinationArn })).name;
      const task = await moves.start({ source: source.name, destination, maxPerSecond: rate });
      return { TaskHandle: handleOf(task) };
    },
    async CancelMessageMoveTask({ TaskHandle }, call) {
      const { taskId, sourceArn } = readHandle(required(TaskHandle, 'TaskHandle'));
      await permittedByArn(parts, call, {
        arn: sourceArn,
        what: 'SourceArn',
        actions: ['CancelMessageMoveTask'],
      });
      return { ApproximateNumberOfMessagesMoved: await moves.cancel(taskId) };
    },
    async ListMessageMoveTasks({ SourceArn, MaxResults = 1 }, call) {
      const { name } = await permittedByArn(parts, call, {
        arn: SourceArn,
        what: 'SourceArn',
        actions: ['ListMessageMoveTasks'],
      });
      const tasks = await moves.list(name, within('MaxResults', MaxResults, { min: 1, max: 10 }));
      return tasks.length === 0 ? {} : { Results: tasks.map(taskAnswer) };
    },
  } satisfies Operations<SqsOperations>;
}

interface ByArn {
  readonly arn: string | undefined;
  readonly what: 'SourceArn' | 'DestinationArn';
  readonly actions: readonly string[];
}

/** @throws {AwsError} when the ARN is none, or its queue is not there */
async function permittedByArn(
  { registry }: SqsParts,
  call: AwsCall,
  { arn, what, actions }: ByArn,
): Promise<QueueEntry> {
  const given = required(arn, what);
  if (!/^arn:[^:]+:sqs:[^:]*:[^:]*:[^:]+$/.test(given))
    throw invalid(
      `You must use this format to specify the ${what}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>`,
    );
  const queue = registry.current().queues.get(parseQueueArn(given) ?? '');
  const policy = queue?.policy ?? null;
  const resourcePolicies = policy === null ? [] : [policy];
  for (const action of actions) await call.authorize(`sqs:${action}`, given, { resourcePolicies });
  if (queue !== undefined) return queue;
  throw notFound(`The resource that you specified for the ${what} parameter doesn't exist.`);
}

function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message, { status: 404 });
}

function handleOf({ id, source }: MoveTask): string {
  return Buffer.from(JSON.stringify({ taskId: id, sourceArn: queueArn(source) })).toString('base64');
}

function readHandle(handle: string): { readonly taskId: string; readonly sourceArn: string } {
  try {
    const { taskId, sourceArn } = JSON.parse(Buffer.from(handle, 'base64').toString('utf8'));
    if (typeof taskId === 'string' && typeof sourceArn === 'string') return { taskId, sourceArn };
  } catch {
    // not JSON: not one of ours
  }
  throw invalid('Value for parameter TaskHandle is invalid.');
}

function taskAnswer(task: MoveTask): ListMessageMoveTasksResultEntry {
  return {
    ...(task.status === 'running' && { TaskHandle: handleOf(task) }),
    Status: task.status.toUpperCase(),
    SourceArn: queueArn(task.source),
    ...(task.destination !== null && { DestinationArn: queueArn(task.destination) }),
    ...(task.maxPerSecond !== null && { MaxNumberOfMessagesPerSecond: task.maxPerSecond }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(task.failure !== null && { FailureReason: task.failure }),
    StartedTimestamp: Math.floor(task.startedAtMs),
  };
}
