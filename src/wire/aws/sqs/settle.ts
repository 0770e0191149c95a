/** What becomes of received messages: deleted, or out of sight for longer or shorter; alone and in batches. */
import type { DeleteOutcome, VisibilityOutcome } from '../../../resources/index.ts';
import type { SqsOperations } from '../models/sqs.types.ts';
import { AwsError } from '../protocol/index.ts';
import type { Operations } from '../service.ts';
import { entriesOf, type Outcome, outcomes } from './batch.ts';
import { invalidValue, missing, required } from './errors.ts';
import type { SqsParts } from './parts.ts';
import { permitted } from './queue-url.ts';
import { visibilityMs } from './receive.ts';

type All = Operations<SqsOperations>;

export function deleteOperations(parts: SqsParts) {
  return {
    async DeleteMessage({ QueueUrl, ReceiptHandle }, call) {
      const { name } = await permitted(parts, call, { url: QueueUrl });
      const receipt = required(ReceiptHandle, 'ReceiptHandle');
      const [outcome] = await parts.queues.delete(name, [receipt]);
      const refusal = deleteRefusal(outcome, receipt);
      if (refusal !== null) throw refusal;
      return {};
    },
    async DeleteMessageBatch({ QueueUrl, Entries }, call) {
      const { name } = await permitted(parts, call, { url: QueueUrl });
      const entries = entriesOf(Entries, 'DeleteMessageBatchRequestEntry');
      const receipts = entries.map(({ ReceiptHandle = '' }) => ReceiptHandle);
      const found = await parts.queues.delete(name, receipts);
      const each = receipts.map((receipt, index) => deleteRefusal(found[index], receipt) ?? 'deleted');
      return outcomes(entries, each, ({ Id }) => ({ Id }));
    },
  } satisfies All;
}

function deleteRefusal(outcome: DeleteOutcome | undefined, receipt: string): AwsError | null {
  if (outcome === 'invalid') return notAReceipt(receipt);
  if (outcome === 'expired') return invalidValue('ReceiptHandle', receipt, 'The receipt handle has expired.');
  return null;
}

function notAReceipt(receipt: string): AwsError {
  const message = `The input receipt handle "${receipt.slice(0, 1_024)}" is not a valid receipt handle.`;
  return new AwsError('ReceiptHandleIsInvalid', message);
}

export function visibilityOperations(parts: SqsParts) {
  return {
    async ChangeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout }, call) {
      const { name } = await permitted(parts, call, { url: QueueUrl });
      const change = changeOf({ ReceiptHandle, VisibilityTimeout });
      const [outcome] = await parts.queues.changeVisibility(name, [change]);
      const refusal = visibilityRefusal(outcome, change);
      if (refusal !== null) throw refusal;
      return {};
    },
    async ChangeMessageVisibilityBatch({ QueueUrl, Entries }, call) {
      const { name } = await permitted(parts, call, { url: QueueUrl });
      const entries = entriesOf(Entries, 'ChangeMessageVisibilityBatchRequestEntry');
      const each = await changeEach(parts, name, entries);
      return outcomes(entries, each, ({ Id }) => ({ Id }));
    },
  } satisfies All;
}

interface Asked {
  readonly ReceiptHandle?: string | undefined;
  readonly VisibilityTimeout?: number | undefined;
}

interface Change {
  readonly receipt: string;
  readonly visibilityTimeoutMs: number;
}

function changeOf({ ReceiptHandle, VisibilityTimeout }: Asked): Change {
  const receipt = required(ReceiptHandle, 'ReceiptHandle');
  if (VisibilityTimeout === undefined) throw missing('VisibilityTimeout');
  return { receipt, visibilityTimeoutMs: visibilityMs(VisibilityTimeout) };
}

async function changeEach(
  { queues }: SqsParts,
  name: string,
  entries: readonly Asked[],
): Promise<Outcome<'changed'>[]> {
  const read = entries.map((entry): Change | AwsError => {
    try {
      return changeOf(entry);
    } catch (error) {
      if (error instanceof AwsError) return error;
      throw error;
    }
  });
  const changes = read.filter((one): one is Change => !(one instanceof AwsError));
  const found = changes.length === 0 ? [] : await queues.changeVisibility(name, changes);
  let at = 0;
  return read.map((one) =>
    one instanceof AwsError ? one : (visibilityRefusal(found[at++], one) ?? 'changed'),
  );
}

function visibilityRefusal(outcome: VisibilityOutcome | undefined, change: Change): AwsError | null {
  const { receipt, visibilityTimeoutMs } = change;
  switch (outcome) {
    case 'invalid':
      return notAReceipt(receipt);
    case 'not-in-flight':
      return invalidValue(
        'ReceiptHandle',
        receipt,
        'Message does not exist or is not available for visibility timeout change.',
      );
    case 'too-long':
      return invalidValue(
        'VisibilityTimeout',
        visibilityTimeoutMs / 1_000,
        'Total VisibilityTimeout for the message is beyond the limit [43200 seconds].',
      );
    default:
      return null;
  }
}
