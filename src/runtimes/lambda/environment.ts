/**
 * What a function finds in its environment, as on Lambda: the reserved variables, which it cannot
 * change, over its own, over the defaults, which it can.
 */
import { REGION, type RuntimeName } from '../../model/index.ts';
import type { Setup } from '../guest.ts';

export interface GuestPlace {
  /** Folder of the runtime's own code: LAMBDA_RUNTIME_DIR. */
  readonly runtimeDir: string;
  /** Folders of executables, first come first served: PATH. */
  readonly path: string;
  /** `host:port` of this instance's own listener. */
  readonly listener: string;
  /** What a request for credentials, or for code, must carry. */
  readonly token: string;
}

/** Variables that only count when a process starts, so that their function cannot use a booted one. */
const PROCESS_START = /^(?:NODE_|LD_|PYTHON|MALLOC_|GLIBC_|LC_|UV_|OPENSSL_|SSL_CERT_|LANG$)/;

/** Whether a function with these variables can be given to a process that has already booted. */
export function fitsBooted(environment: Readonly<Record<string, string>>): boolean {
  return !Object.keys(environment).some((name) => PROCESS_START.test(name));
}

/** The environment in which a blank process boots. */
export function bootEnvironment(runtime: RuntimeName, place: GuestPlace): Record<string, string> {
  return {
    LANG: 'en_US.UTF-8',
    PATH: place.path,
    TZ: ':UTC',
    LAMBDA_RUNTIME_DIR: place.runtimeDir,
    ...(runtime === 'nodejs24.x' ? {} : { AWS_LAMBDA_RUNTIME_API: place.listener }),
    ...(runtime === 'python3.11' ? { AWS_CONTAINER_AUTHORIZATION_TOKEN: place.token } : {}),
  };
}

/** The whole environment of a function. */
export function lambdaEnvironment(setup: Setup, place: GuestPlace): Record<string, string> {
  return {
    ...bootEnvironment(setup.runtime, place),
    LD_LIBRARY_PATH: `${setup.taskRoot}:${setup.taskRoot}/lib`,
    ...setup.environment,
    ...(setup.runtime === 'nodejs24.x' ? {} : { AWS_LAMBDA_RUNTIME_API: place.listener }),
    AWS_CONTAINER_AUTHORIZATION_TOKEN: place.token,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${place.listener}/credentials`,
    AWS_DEFAULT_REGION: REGION,
    AWS_EXECUTION_ENV: `AWS_Lambda_${setup.runtime}`,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(setup.memoryMb),
    AWS_LAMBDA_FUNCTION_NAME: setup.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: String(setup.version),
    AWS_LAMBDA_INITIALIZATION_TYPE: setup.initializationType,
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${setup.functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: setup.logStream,
    AWS_REGION: REGION,
    LAMBDA_RUNTIME_DIR: place.runtimeDir,
    LAMBDA_TASK_ROOT: setup.taskRoot,
    _HANDLER: setup.handler,
  };
}
