/** Tags of functions, event source mappings, code signing configurations and capacity providers, by ARN. */
import type { LambdaOperations } from '../models/lambda.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import type { LambdaParts } from './parts.ts';
import { entryOf, invalid, targetOf } from './target.ts';

interface Tagged {
  read(): Promise<Readonly<Record<string, string>>>;
  add(tags: Readonly<Record<string, string>>): Promise<void>;
  remove(keys: readonly string[]): Promise<void>;
}

export function tagOperations(
  parts: LambdaParts,
): Pick<Operations<LambdaOperations>, 'ListTags' | 'TagResource' | 'UntagResource'> {
  const allowed = async (call: AwsCall, arn: string) => {
    await call.authorize(`lambda:${call.operation}`, arn);
    return resourceOf(parts, arn);
  };
  return {
    async ListTags(input, call) {
      return { Tags: await (await allowed(call, input.Resource)).read() };
    },
    async TagResource(input, call) {
      await (await allowed(call, input.Resource)).add(input.Tags);
      return {};
    },
    async UntagResource(input, call) {
      await (await allowed(call, input.Resource)).remove(input.TagKeys);
      return {};
    },
  };
}

function resourceOf(parts: LambdaParts, arn: string): Tagged {
  const [, , , , , kind = '', id = ''] = arn.split(':');
  const { mappings, codeSigning, capacityProviders } = parts.control;
  if (kind === 'function') return functionOf(parts, arn);
  if (kind === 'event-source-mapping') return taggedBy(mappings, id);
  if (kind === 'code-signing-config') return taggedBy(codeSigning, id);
  return taggedBy(capacityProviders, id);
}

function functionOf(parts: LambdaParts, arn: string): Tagged {
  const target = targetOf({ FunctionName: arn });
  if (target.qualifier !== null)
    throw invalid(
      'Tags on function aliases and versions are not supported. Please specify either a function ARN or an event source mapping ARN.',
    );
  entryOf(parts, target);
  const { tags } = parts.control.settings;
  return {
    read: () => tags.get(target.name),
    add: (added) => tags.add(target.name, added),
    remove: (keys) => tags.remove(target.name, keys),
  };
}

interface Tags {
  get(id: string): Promise<{ readonly tags: Readonly<Record<string, string>> }>;
  tag(id: string, tags: Readonly<Record<string, string>>): Promise<void>;
  untag(id: string, keys: readonly string[]): Promise<void>;
}

function taggedBy(store: Tags, id: string): Tagged {
  return {
    read: async () => (await store.get(id)).tags,
    add: (added) => store.tag(id, added),
    remove: (keys) => store.untag(id, keys),
  };
}
