/** How the program of a container image is started: what the image says, unless the function says otherwise. */
import { imageIn } from '../artifacts/index.ts';
import { Fault } from '../base/index.ts';
import type { FunctionConfig } from '../model/index.ts';

const TASK_ROOT = '/var/task';

export interface ImageStart {
  /** Folder of its root file system. */
  readonly root: string;
  readonly workingDirectory: string;
  /** LAMBDA_TASK_ROOT: where its runtime client looks for code. */
  readonly taskRoot: string;
  readonly argv: readonly string[];
  /** The image's own variables. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * As on Lambda: an entry point of the function's takes the place of the image's, and so does its command.
 * A USER of the image does not count.
 *
 * @param folder of an unpacked package
 * @returns null for a function that is no image
 * @throws {Fault} `package-invalid` when the package is no image, or has nothing to start
 */
export function imageStartOf(
  { image: given }: Pick<FunctionConfig, 'image'>,
  folder: string,
): ImageStart | null {
  const image = imageIn(folder);
  if (given === null && image === null) return null;
  if (given === null || image === null) {
    const what = given === null ? 'is a container image, and the function is not' : 'is no container image';
    throw new Fault('package-invalid', `The package ${what}.`);
  }
  const { entryPoint, command, workingDirectory, environment } = image.config;
  // As in every container engine: who replaces the entry point replaces the command that was meant for it.
  const own = given.entryPoint === undefined || given.entryPoint.length === 0 ? null : given.entryPoint;
  const words = given.command === undefined || given.command.length === 0 ? null : given.command;
  const argv = [...(own ?? entryPoint), ...(words ?? (own === null ? command : []))];
  if (argv.length === 0) {
    throw new Fault(
      'package-invalid',
      'The image has neither an ENTRYPOINT nor a CMD: nothing says what to start.',
    );
  }
  const start = given.workingDirectory || workingDirectory;
  // AWS's images say it themselves; one of another base has its code where it starts.
  const taskRoot = environment.LAMBDA_TASK_ROOT ?? (start === '/' ? TASK_ROOT : start);
  return { root: image.root, workingDirectory: start, taskRoot, argv, environment };
}
