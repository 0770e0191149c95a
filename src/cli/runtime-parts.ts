/**
 * What a machine can be given so that it runs more runtimes: Node.js of another version from npm, AWS's
 * runtime interface client for Java from Maven Central. Never a system's package: that is the system's.
 *
 * A runtime is put together beside its place and moved there whole, so that a node never finds half of one.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../base/index.ts';
import { runtimeFolder } from '../config/index.ts';
import { type RuntimeName, runtimeParts } from '../model/index.ts';

export interface AddOptions {
  readonly home: string;
  /** Base URL of Maven Central, or of a mirror. */
  readonly mavenUrl: string;
  readonly onProgress: (line: string) => void;
}

export const MAVEN_CENTRAL = 'https://repo1.maven.org/maven2';

/** The client and what it depends on, at the versions that were tried, by path below the repository. */
const JAVA_CLIENT: Readonly<Record<string, string>> = {
  'com/amazonaws/aws-lambda-java-runtime-interface-client/2.9.0/aws-lambda-java-runtime-interface-client-2.9.0.jar':
    '26568a5f63bf9e921567e77661be425650abc8972bae2aa0b7e99bab4e4239d9',
  'com/amazonaws/aws-lambda-java-core/1.4.0/aws-lambda-java-core-1.4.0.jar':
    '575c24393cc1ad645e83e618956eabd89ffe8cc09efae2cb62bc6589154d68ed',
  'com/amazonaws/aws-lambda-java-serialization/1.2.0/aws-lambda-java-serialization-1.2.0.jar':
    '1513c1f945a3213f916a4b2de1760c97b51d84d110f82bbbcf9cfac53d5651e7',
  'software/amazon/awssdk/utils-lite/2.34.0/utils-lite-2.34.0.jar':
    'efaf784f07ae526f0b5c89d71ef21cf16636131c47d44616e3df9bedc3f4f89a',
};
/** The largest is 3.6 MB. */
const MAX_JAR_BYTES = 32 * 1024 * 1024;
const DOWNLOAD_MS = 120_000;
const NPM_MS = 600_000;

/**
 * Brings what a runtime needs into the home, in place of what was there.
 *
 * @returns the folder that it is in
 * @throws {Fault} `runtime-unavailable` when nothing can be had for it, or it could not be had now
 */
export async function addRuntime(runtime: RuntimeName, options: AddOptions): Promise<string> {
  const { family, version } = runtimeParts(runtime);
  if (family !== 'nodejs' && family !== 'java') {
    throw unavailable(
      runtime,
      family === 'python'
        ? `Python comes with the system: install python${version} (apt-get install python${version}, where the system has it), and the node finds it`
        : 'it needs nothing: the package brings what runs it',
    );
  }
  const final = runtimeFolder(options.home, runtime);
  mkdirSync(dirname(final), { recursive: true });
  chmodSync(dirname(final), 0o755); // sandboxes' users pass through, whatever the umask is
  const folder = mkdtempSync(join(dirname(final), '.adding-'));
  try {
    const made = join(folder, 'made');
    mkdirSync(made);
    if (family === 'nodejs') await addNode(runtime, { version, folder, made }, options);
    else await addJavaClient(runtime, made, options);
    for (const path of [made, join(made, family === 'nodejs' ? 'bin' : 'lib')]) chmodSync(path, 0o755);
    rmSync(final, { recursive: true, force: true });
    renameSync(made, final);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return final;
}

/** The program alone: npm's package has 170 MB, most of them headers and documents. */
async function addNode(
  runtime: RuntimeName,
  { version, folder, made }: { version: string; folder: string; made: string },
  { onProgress }: AddOptions,
): Promise<void> {
  const name = `node-${platform() === 'win32' ? 'win' : platform()}-${arch()}`;
  onProgress(`${runtime}: ${name}@${version} from npm`);
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await promisify(execFile)('npm', ['install', '--prefix', folder, ...flags, `${name}@${version}`], {
    timeout: NPM_MS,
  }).catch((cause: Error & { stderr?: string }) => {
    const why = cause.stderr?.trim().split('\n').slice(0, 3).join(' ') || cause.message;
    throw unavailable(runtime, `npm could not install ${name}@${version}: ${why}`, cause);
  });
  mkdirSync(join(made, 'bin'));
  const program = join(made, 'bin/node');
  cpSync(join(folder, 'node_modules', name, 'bin/node'), program);
  chmodSync(program, 0o755);
}

async function addJavaClient(runtime: RuntimeName, made: string, options: AddOptions): Promise<void> {
  const lib = join(made, 'lib');
  mkdirSync(lib);
  for (const [path, sha256] of Object.entries(JAVA_CLIENT)) {
    options.onProgress(`${runtime}: ${basename(path)} from ${options.mavenUrl}`);
    const jar = await download(`${options.mavenUrl}/${path}`, runtime);
    const found = createHash('sha256').update(jar).digest('hex');
    if (found !== sha256) {
      throw unavailable(runtime, `${path} has the SHA-256 ${found}, not the expected ${sha256}`);
    }
    writeFileSync(join(lib, basename(path)), jar, { mode: 0o644 });
    chmodSync(join(lib, basename(path)), 0o644);
  }
}

async function download(url: string, runtime: RuntimeName): Promise<Buffer> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_MS) });
    if (!answer.ok) throw new Error(`it was answered with ${answer.status}`);
    if (Number(answer.headers.get('content-length') ?? 0) > MAX_JAR_BYTES) throw new Error('it is too large');
    return Buffer.from(await answer.arrayBuffer());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const hint = '--maven URL (or SKEIN_MAVEN) names a mirror';
    throw unavailable(runtime, `${url} could not be fetched (${why}); ${hint}`, cause);
  }
}

function unavailable(runtime: RuntimeName, why: string, cause?: unknown): Fault {
  return new Fault('runtime-unavailable', `${runtime} cannot be added: ${why}.`, {
    facts: { runtime },
    cause,
  });
}
