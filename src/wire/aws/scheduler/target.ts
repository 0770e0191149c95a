/** What a schedule calls: functions and queues of this node. */
import { ACCOUNT_ID, parseFunctionReference, REGION } from '../../../model/index.ts';
import type { Target } from '../models/scheduler.types.ts';
import type { AwsError } from '../protocol/index.ts';
import { invalid } from './errors.ts';

const ARN = /^arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]*):(\d{12})?:(.+)$/;
/** AWS's own bound of an input, in bytes. */
const INPUT_BYTES = 256 * 1024;

/** Parameters that belong to targets which are not here. */
const ELSEWHERE = [
  'EcsParameters',
  'EventBridgeParameters',
  'EventBridgePutEventsV2Parameters',
  'EventBridgePutRawEventsParameters',
  'KinesisParameters',
  'SageMakerPipelineParameters',
] as const satisfies readonly (keyof Target)[];

/** @throws {AwsError} for what cannot be called from here, naming it */
export function checkTarget(target: Target): void {
  const elsewhere = ELSEWHERE.find((name) => target[name] !== undefined);
  if (elsewhere !== undefined) throw notHere(elsewhere);
  const { service, resource } = parsed(target.Arn);
  if (service === 'lambda') checkFunction(target);
  else if (service === 'sqs') checkQueue(target, resource);
  else if (service === 'scheduler' && resource.startsWith('aws-sdk:'))
    throw invalid(
      `Universal targets are not supported here: ${target.Arn}. Name a function's or a queue's ARN.`,
    );
  else throw invalid(`${service} is not a supported service for a target.`);
  if (target.SqsParameters !== undefined && service !== 'sqs')
    throw invalid('SqsParameters is only valid for an Amazon SQS target.');
  if (target.DeadLetterConfig?.Arn !== undefined) parsed(target.DeadLetterConfig.Arn);
  checkText('Input', target.Input);
  const bytes = Buffer.byteLength(target.Input ?? '');
  if (bytes > INPUT_BYTES) throw invalid(`Input has ${bytes} bytes; at most ${INPUT_BYTES} are allowed.`);
}

/** What a database of texts cannot keep. */
export function checkText(name: string, text: string | undefined): void {
  if (text === undefined || (!text.includes('\0') && text.isWellFormed())) return;
  throw invalid(`${name} has a character that cannot be kept: U+0000, or half of a surrogate pair.`);
}

export function notHere(parameter: string): AwsError {
  return invalid(`${parameter} is not supported.`);
}

function parsed(arn: string): { readonly service: string; readonly resource: string } {
  const [, service = '', region, accountId, resource = ''] = ARN.exec(arn) ?? [];
  if (service === '') throw invalid('Provided Arn is not in correct format.');
  if (service !== 'lambda' && service !== 'sqs') return { service, resource };
  if (region === REGION && accountId === ACCOUNT_ID) return { service, resource };
  throw invalid(`${arn} is not of this node, whose region is ${REGION} and whose account is ${ACCOUNT_ID}.`);
}

function checkFunction({ Arn, Input }: Target): void {
  if (parseFunctionReference(Arn) === null) throw invalid('Provided Arn is not in correct format.');
  if (Input === undefined) return;
  try {
    JSON.parse(Input);
  } catch {
    throw invalid('Invalid Input provided. Reason: the input of a Lambda target must be well-formed JSON.');
  }
}

function checkQueue({ SqsParameters }: Target, name: string): void {
  if (!/^[\w-]{1,80}$/.test(name.replace(/\.fifo$/, '')))
    throw invalid('Provided Arn is not in correct format.');
  const grouped = SqsParameters?.MessageGroupId !== undefined;
  if (name.endsWith('.fifo') && !grouped)
    throw invalid('SqsParameters.MessageGroupId is required for a FIFO queue.');
}
