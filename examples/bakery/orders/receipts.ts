import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Order } from './orders.ts';

interface Queue {
  readonly client: SQSClient;
  readonly url: string | undefined;
}

let queue: Promise<Queue> | null = null;

/** Puts the order into the queue that the receipts are written from; without one (RECEIPTS) there are none. */
export async function askForReceipt(order: Order): Promise<void> {
  const name = process.env.RECEIPTS;
  if (name === undefined) return;
  const { SendMessageCommand } = await import('@aws-sdk/client-sqs');
  queue ??= findQueue(name);
  const { client, url } = await queue.catch((error) => {
    queue = null; // the next order tries again
    throw error;
  });
  await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify(order) }));
}

/** Where the queue is and who asks stands in the environment, as on AWS. */
async function findQueue(name: string): Promise<Queue> {
  const { GetQueueUrlCommand, SQSClient } = await import('@aws-sdk/client-sqs');
  const client = new SQSClient();
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
  return { client, url: QueueUrl };
}
