/** The refusals of a container image. */
import { Fault } from '../../base/index.ts';

/** @param why follows "The image is refused: " */
export function refusedImage(why: string, cause?: unknown): Fault {
  return new Fault('package-invalid', `The image is refused: ${why}.`, { cause });
}

export function refusedEntry(path: string, why: string): Fault {
  const entry = path.length > 200 ? `${path.slice(0, 200)}…` : path;
  return new Fault('package-invalid', `The image is refused: its entry ${JSON.stringify(entry)} ${why}.`, {
    facts: { entry },
  });
}

export function tooLargeImage(what: string, facts: Readonly<Record<string, number>>): Fault {
  return new Fault('package-too-large', `The image is refused: ${what}.`, { facts });
}
