/** Function URL configurations. What answers at the URL is the front door. */
import { type Cors, type FunctionUrl, REGION } from '../../../model/index.ts';
import type { Cors as AwsCors, LambdaOperations } from '../models/lambda.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import { pageOf } from './pages.ts';
import type { LambdaParts } from './parts.ts';
import { arnOf, invalid, permit, type Target, targetOf } from './target.ts';

type Of =
  | 'CreateFunctionUrlConfig'
  | 'DeleteFunctionUrlConfig'
  | 'GetFunctionUrlConfig'
  | 'ListFunctionUrlConfigs'
  | 'UpdateFunctionUrlConfig';

export function urlOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, Of> {
  const { urls } = parts.control.settings;
  const allowed = async (call: AwsCall, input: Parameters<typeof targetOf>[0], authType?: string) => {
    const target = urlTarget(input);
    const context = authType === undefined ? {} : { 'lambda:FunctionUrlAuthType': authType };
    await permit(parts, call, { action: call.operation, target, context });
    return target;
  };
  const told = (target: Target, url: FunctionUrl) => ({
    FunctionUrl: parts.urlOf(`${url.urlId}.lambda-url.${REGION}`),
    FunctionArn: arnOf(target),
    AuthType: url.authType,
    ...(url.cors !== null && { Cors: corsAnswer(url.cors) }),
    CreationTime: url.createdAt,
    InvokeMode: url.invokeMode,
  });
  return {
    async CreateFunctionUrlConfig(input, call) {
      const target = await allowed(call, input, input.AuthType);
      const url = await urls.create(target, {
        authType: input.AuthType,
        invokeMode: input.InvokeMode ?? 'BUFFERED',
        cors: input.Cors === undefined ? null : corsOf(input.Cors),
      });
      return told(target, url);
    },
    async GetFunctionUrlConfig(input, call) {
      const target = await allowed(call, input);
      const url = await urls.get(target);
      return { ...told(target, url), LastModifiedTime: url.lastModified };
    },
    async ListFunctionUrlConfigs(input, call) {
      const target = await allowed(call, { FunctionName: input.FunctionName });
      const page = pageOf(await urls.list(target.name), input, ([qualifier]) => qualifier);
      return {
        FunctionUrlConfigs: page.items.map(([qualifier, url]) => {
          const of = { name: target.name, qualifier: qualifier === '' ? null : qualifier };
          return { ...told(of, url), LastModifiedTime: url.lastModified };
        }),
        ...page.more,
      };
    },
    async UpdateFunctionUrlConfig(input, call) {
      const target = await allowed(call, input, input.AuthType);
      const url = await urls.update(target, {
        authType: input.AuthType,
        invokeMode: input.InvokeMode,
        cors: input.Cors === undefined ? undefined : corsOf(input.Cors),
      });
      return { ...told(target, url), LastModifiedTime: url.lastModified };
    },
    async DeleteFunctionUrlConfig(input, call) {
      await urls.delete(await allowed(call, input));
      return {};
    },
  };
}

/** `$LATEST` is reached without a qualifier, and a version has no URL: as the model's pattern says. */
function urlTarget(input: Parameters<typeof targetOf>[0]): Target {
  const target = targetOf(input);
  if (target.qualifier !== null && /^(\$LATEST|\d+)$/.test(target.qualifier))
    throw invalid(`Function URLs are of the function itself or of an alias, not of ${target.qualifier}.`);
  return target;
}

const METHODS = ['GET', 'PUT', 'HEAD', 'POST', 'PATCH', 'DELETE', '*'];

/** An empty document takes what was allowed away. */
function corsOf(cors: AwsCors): Cors | null {
  const wrong = cors.AllowMethods?.find((method) => !METHODS.includes(method));
  if (wrong !== undefined) throw invalid(`Cors.AllowMethods: ${wrong} is not one of ${METHODS.join(', ')}.`);
  if (Object.values(cors).every((value) => value === undefined)) return null;
  return {
    allowCredentials: cors.AllowCredentials ?? null,
    allowHeaders: cors.AllowHeaders ?? null,
    allowMethods: cors.AllowMethods ?? null,
    allowOrigins: cors.AllowOrigins ?? null,
    exposeHeaders: cors.ExposeHeaders ?? null,
    maxAgeSeconds: cors.MaxAge ?? null,
  };
}

function corsAnswer(cors: Cors): AwsCors {
  return {
    AllowCredentials: cors.allowCredentials ?? undefined,
    AllowHeaders: cors.allowHeaders ?? undefined,
    AllowMethods: cors.allowMethods ?? undefined,
    AllowOrigins: cors.allowOrigins ?? undefined,
    ExposeHeaders: cors.exposeHeaders ?? undefined,
    MaxAge: cors.maxAgeSeconds ?? undefined,
  };
}
