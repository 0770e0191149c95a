/** Changes of `$LATEST`, and what is published of it. */
import type { Version } from '../../../model/index.ts';
import type { LambdaOperations, UpdateFunctionCodeRequest } from '../models/lambda.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import { refuseUnsigned } from './code-signing.ts';
import { checkCode, storeCode } from './function-code.ts';
import { functionDocument, type KeptFields, labelOf, listedDocument } from './function-document.ts';
import { changedSettings, checkSettings } from './function-settings.ts';
import { bounded, findLayers, permitPass, shown, versionList } from './functions.ts';
import { pageOf } from './pages.ts';
import type { LambdaParts } from './parts.ts';
import { entryOf, invalid, permit, staleRevision, targetOf, wholeTarget } from './target.ts';

type Of = 'ListVersionsByFunction' | 'PublishVersion' | 'UpdateFunctionCode' | 'UpdateFunctionConfiguration';

export function functionUpdateOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, Of> {
  const { functions } = parts.control;
  return {
    UpdateFunctionCode: (input, call) => updateCode(parts, input, call),
    async UpdateFunctionConfiguration(input, call) {
      const target = wholeTarget(input);
      await permit(parts, call, { action: 'UpdateFunctionConfiguration', target });
      const { name } = target;
      const { latest } = entryOf(parts, target);
      checkSettings({ ...input, Runtime: input.Runtime }, packageTypeOf(latest));
      const { Role: role } = input;
      if (role !== undefined) await permitPass(call, role);
      const layers = await findLayers(parts, call, input.Layers);
      const version = await functions.updateSettings({
        name,
        revisionId: input.RevisionId ?? null,
        roleArn: role ?? null,
        change: ({ config, details: { description, aws } }) => {
          const before = { config, description, aws: { ...aws, ...(role !== undefined && { Role: role }) } };
          return changedSettings({ ...input, FunctionName: name }, before, layers);
        },
      });
      return functionDocument({ version, qualifier: null, updating: false });
    },
    async PublishVersion(input, call) {
      const target = wholeTarget(input);
      await permit(parts, call, { action: 'PublishVersion', target });
      if (input.PublishTo !== undefined) throw invalid('PublishTo is not supported.');
      entryOf(parts, target);
      const version = await functions.publish({
        name: target.name,
        codeSha256: input.CodeSha256 ?? null,
        revisionId: input.RevisionId ?? null,
        description: input.Description ?? null,
      });
      return shown(parts, version, null);
    },
    async ListVersionsByFunction(input, call) {
      const target = targetOf({ FunctionName: input.FunctionName });
      await permit(parts, call, { action: 'ListVersionsByFunction', target });
      const list = versionList(entryOf(parts, { ...target, qualifier: null }));
      const { items, more } = pageOf(list, bounded(input), ({ key }) => key);
      const Versions = items.map(({ version }) => listedDocument({ version, qualifier: labelOf(version) }));
      return { Versions, ...more };
    },
  };
}

async function updateCode(parts: LambdaParts, input: UpdateFunctionCodeRequest, call: AwsCall) {
  const target = wholeTarget(input);
  await permit(parts, call, { action: 'UpdateFunctionCode', target });
  if (input.PublishTo !== undefined) throw invalid('PublishTo is not supported.');
  const { latest } = entryOf(parts, target);
  checkCode(input, packageTypeOf(latest));
  const { codeSigning } = await parts.control.settings.all(target.name);
  await refuseUnsigned(parts, codeSigning);
  const { ImageUri, Architectures, Publish: publish = false } = input;
  const kept = {
    ...(ImageUri !== undefined && { ImageUri }),
    ...(Architectures !== undefined && { Architectures }),
  } satisfies KeptFields;
  if (input.DryRun === true)
    return await dryRun(parts, input, { ...latest, details: withKept(latest, kept) });
  const version = await parts.control.functions.updateCode({
    name: target.name,
    revisionId: input.RevisionId ?? null,
    store: () => storeCode(parts, input),
    change: (before) => {
      const { description, aws } = withKept(before, kept);
      return { config: before.config, description, aws };
    },
    publish,
  });
  return functionDocument({
    version,
    qualifier: publish ? labelOf(version) : null,
    updating: false,
  });
}

/** Everything but the change: the package is judged, and kept unused for a day. */
async function dryRun(parts: LambdaParts, input: UpdateFunctionCodeRequest, version: Version) {
  if (input.RevisionId !== undefined && input.RevisionId !== version.details.revisionId)
    throw staleRevision();
  const digest = await storeCode(parts, input);
  const codeSize = input.ZipFile?.length ?? version.details.codeSize;
  const codeSha256 = Buffer.from(digest, 'hex').toString('base64');
  const details = { ...version.details, codeSize, codeSha256 };
  return functionDocument({ version: { ...version, details }, qualifier: null, updating: false });
}

function withKept({ details }: Version, kept: KeptFields): Version['details'] {
  return { ...details, aws: { ...details.aws, ...kept } };
}

function packageTypeOf({ config }: Version): 'Zip' | 'Image' {
  return config.image === null ? 'Zip' : 'Image';
}
