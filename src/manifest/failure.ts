import { Fault } from '../base/index.ts';
import type { Place } from './document.ts';
import { pathText } from './routes.ts';
import type { Path } from './rules.ts';

/** More would be noise: one slip can cause hundreds. */
const MOST_SHOWN = 50;

export interface Located extends Place {
  readonly path: Path;
  readonly message: string;
}

/** One fault for all problems of a file, in the order in which they stand there. */
export function failure(file: string, problems: readonly Located[]): Fault {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const lines = sorted.slice(0, MOST_SHOWN).map(({ line, column, path, message }) => {
    return `${file}:${line}:${column} ${path.length > 0 ? `${pathText(path)}: ` : ''}${message}`;
  });
  if (sorted.length > MOST_SHOWN) lines.push(`and ${sorted.length - MOST_SHOWN} more problems`);
  return new Fault('manifest-invalid', lines.join('\n'), { facts: { file, line: sorted[0]?.line ?? 1 } });
}

/** The same for JSON, which has no lines. */
export function failureOfJson(problems: readonly { path: Path; message: string }[]): Fault {
  const lines = problems
    .slice(0, MOST_SHOWN)
    .map(({ path, message }) => `${pathText(path) || 'app'}: ${message}`);
  if (problems.length > MOST_SHOWN) lines.push(`and ${problems.length - MOST_SHOWN} more problems`);
  return new Fault('manifest-invalid', lines.join('\n'), { facts: { problems: problems.length } });
}
