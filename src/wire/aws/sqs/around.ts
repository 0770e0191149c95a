/** Tags of queues, and grants in their policies. */
import type { SqsOperations } from '../models/sqs.types.ts';
import type { Operations } from '../service.ts';
import { invalidValue, missing, overLimit, required } from './errors.ts';
import type { SqsParts } from './parts.ts';
import { permitted } from './queue-url.ts';

type All = Operations<SqsOperations>;

/** What AWS lets `AddPermission` grant. */
const GRANTABLE: ReadonlySet<string> = new Set([
  '*',
  'ChangeMessageVisibility',
  'DeleteMessage',
  'GetQueueAttributes',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'PurgeQueue',
  'ReceiveMessage',
  'SendMessage',
]);
const LABEL = /^[\w-]{1,80}$/;
/** AWS: actions in one grant. */
const MAX_ACTIONS = 7;

export function tagOperations(parts: SqsParts) {
  const { control } = parts;
  return {
    async TagQueue({ QueueUrl, Tags }, call) {
      const { name } = await permitted(parts, call, { url: QueueUrl });
      await control.tag(name, required(Tags, 'Tags'));
      return {};
    },
    async UntagQueue({ QueueUrl, TagKeys }, call) {
      const { name } = await permitted(parts, call, { url: QueueUrl });
      await control.untag(name, required(TagKeys, 'TagKeys'));
      return {};
    },
    async ListQueueTags({ QueueUrl }, call) {
      const { tags } = await permitted(parts, call, { url: QueueUrl });
      return Object.keys(tags).length === 0 ? {} : { Tags: tags };
    },
  } satisfies All;
}

export function permissionOperations(parts: SqsParts) {
  const { control } = parts;
  return {
    async AddPermission({ QueueUrl, Label, AWSAccountIds, Actions }, call) {
      const { name } = await permitted(parts, call, { url: QueueUrl });
      const label = labelOf(Label);
      const accountIds = someOf(AWSAccountIds, 'AWSAccountIds');
      const wrong = accountIds.find((id) => !/^\d{12}$/.test(id));
      if (wrong !== undefined) throw invalidValue('PrincipalId', wrong.slice(0, 100), 'Unable to verify.');
      const actions = actionsOf(someOf(Actions, 'Actions'));
      await control.addPermission(name, { label, accountIds, actions });
      return {};
    },
    async RemovePermission({ QueueUrl, Label }, call) {
      const { name } = await permitted(parts, call, { url: QueueUrl });
      await control.removePermission(name, labelOf(Label));
      return {};
    },
  } satisfies All;
}

function labelOf(label: string | undefined): string {
  const given = required(label, 'Label');
  if (LABEL.test(given)) return given;
  throw invalidValue(
    'Label',
    given.slice(0, 100),
    'Label can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.',
  );
}

function someOf(list: readonly string[] | undefined, parameter: string): readonly string[] {
  const given = required(list, parameter);
  if (given.length === 0) throw missing(parameter);
  return given;
}

function actionsOf(actions: readonly string[]): string[] {
  if (actions.length > MAX_ACTIONS)
    throw overLimit(`${actions.length} Actions were found, maximum allowed is ${MAX_ACTIONS}.`);
  return actions.map((action) => {
    if (GRANTABLE.has(action)) return `SQS:${action}`;
    throw invalidValue(
      'ActionName',
      `SQS:${action.slice(0, 100)}`,
      'Please refer to the appropriate WSDL for a list of valid actions. ',
    );
  });
}
