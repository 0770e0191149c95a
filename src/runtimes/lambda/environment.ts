/**
 * What a function finds in its environment, as on Lambda: the reserved variables, which it cannot
 * change, over its own, over the defaults, which it can.
 */
import { REGION, type RuntimeName, runtimeParts, versionLabel } from '../../model/index.ts';
import type { Setup } from '../guest.ts';

export interface GuestPlace {
  /** Folder of the runtime's own code: LAMBDA_RUNTIME_DIR. */
  readonly runtimeDir: string;
  /** Folders of executables, first come first served: PATH. */
  readonly path: string;
  /** Folder of the runtime's own shared libraries, where it would not find them; null: it does. */
  readonly libraries: string | null;
  /** `host:port` of this instance's own listener. */
  readonly listener: string;
  /** What a request for credentials, or for code, must carry. */
  readonly token: string;
}

/** Variables that only count when a process starts, so that their function cannot use a booted one. */
const PROCESS_START =
  /^(?:NODE_|LD_|PYTHON|MALLOC_|GLIBC_|LC_|UV_|OPENSSL_|SSL_CERT_|LANG$|AWS_LAMBDA_EXEC_WRAPPER$)/;

/** Where layers are when the driver can give them a place of their own; else `Opt.root` says where. */
export const OPT_ROOT = '/opt';

/** Where a guest without a channel calls for one: `<token>@<host>:<port>`. Ours alone: the guest removes it. */
export const CHANNEL_VARIABLE = 'SKEIN_CHANNEL';

/** Variables that extensions do not have, as on Lambda. */
export const RUNTIME_ONLY = [
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_XRAY_CONTEXT_MISSING',
  'AWS_XRAY_DAEMON_ADDRESS',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
  '_AWS_XRAY_DAEMON_ADDRESS',
  '_AWS_XRAY_DAEMON_PORT',
  '_HANDLER',
  CHANNEL_VARIABLE,
];

/** Whether a function with these variables can be given to a process that has already booted. */
export function fitsBooted(environment: Readonly<Record<string, string>>): boolean {
  return !Object.keys(environment).some((name) => PROCESS_START.test(name));
}

/** The environment in which a blank process boots. */
export function bootEnvironment(runtime: RuntimeName, place: GuestPlace): Record<string, string> {
  const { family } = runtimeParts(runtime);
  return {
    LANG: 'en_US.UTF-8',
    PATH: place.path,
    TZ: ':UTC',
    LAMBDA_RUNTIME_DIR: place.runtimeDir,
    ...(place.libraries === null ? {} : { LD_LIBRARY_PATH: place.libraries }),
    ...runtimeApi(runtime, place),
    ...(family === 'python' ? { AWS_CONTAINER_AUTHORIZATION_TOKEN: place.token } : {}),
  };
}

/** Our Node.js runtime does not speak the Runtime API. */
function runtimeApi(runtime: RuntimeName, { listener }: GuestPlace): Record<string, string> {
  return runtimeParts(runtime).family === 'nodejs' ? {} : { AWS_LAMBDA_RUNTIME_API: listener };
}

/** Lambda does not say what the package itself brings. */
function executionEnv(runtime: RuntimeName): Record<string, string> {
  return runtimeParts(runtime).family === 'provided' ? {} : { AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}` };
}

/** Of an image it is what the image says, or the last word of what is started: runtime clients look for it. */
function handlerOf({ handler, image = null }: Setup): Record<string, string> {
  const found = image === null ? handler : (image.environment._HANDLER ?? image.argv.slice(1).at(-1));
  return found === undefined ? {} : { _HANDLER: found };
}

/** Where programs, libraries and modules are looked for: in the code, then in the layers. */
function searchPaths(
  { taskRoot, runtime, opt = null }: Setup,
  { path, libraries }: GuestPlace,
): Record<string, string> {
  const root = opt?.root ?? OPT_ROOT;
  const { family, version } = runtimeParts(runtime);
  const node = `${root}/nodejs`;
  return {
    PATH: path
      .split(':')
      .map((folder) => (folder === `${OPT_ROOT}/bin` ? `${root}/bin` : folder))
      .join(':'),
    LD_LIBRARY_PATH: [taskRoot, `${taskRoot}/lib`, `${root}/lib`, libraries ?? []].flat().join(':'),
    ...(family === 'nodejs' &&
      opt !== null && { NODE_PATH: `${node}/node${version}/node_modules:${node}/node_modules` }),
  };
}

/** The whole environment of a function. */
export function lambdaEnvironment(setup: Setup, place: GuestPlace): Record<string, string> {
  return {
    ...bootEnvironment(setup.runtime, place),
    ...searchPaths(setup, place),
    ...setup.image?.environment,
    AWS_ENDPOINT_URL: `http://${place.listener}`,
    ...setup.environment,
    AWS_LAMBDA_RUNTIME_API: place.listener,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: place.token,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${place.listener}/credentials`,
    AWS_DEFAULT_REGION: REGION,
    ...executionEnv(setup.runtime),
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(setup.memoryMb),
    AWS_LAMBDA_FUNCTION_NAME: setup.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: versionLabel(setup.version),
    AWS_LAMBDA_INITIALIZATION_TYPE: setup.initializationType,
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${setup.functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: setup.logStream,
    AWS_REGION: REGION,
    LAMBDA_RUNTIME_DIR: place.runtimeDir,
    LAMBDA_TASK_ROOT: setup.taskRoot,
    ...handlerOf(setup),
  };
}
