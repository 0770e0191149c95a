import type { TestEvent } from 'node:test/reporters';

/** What a run of tests came to. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
  /** each failure as `file: test` with the first lines of its error, for the end of a long log */
  readonly failures: readonly string[];
}

interface FileResult {
  passed: number;
  failures: string[];
  output: string;
}

/**
 * Turns the events of a test run into one line per file, and failures in full where they happen.
 *
 * @param write gets text for a person, as soon as it is known
 * @returns `take` for every event, `totals` for the end
 */
export function totalsReporter(write: (text: string) => void): {
  take(event: TestEvent): void;
  totals(): Totals;
} {
  const files = new Map<string, FileResult>();
  const skipped: string[] = [];
  const failures: string[] = [];
  let passed = 0;
  let failed = 0;

  const resultOf = (file: string): FileResult => {
    const known = files.get(file) ?? { passed: 0, failures: [], output: '' };
    files.set(file, known);
    return known;
  };

  function takeResult(event: Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>): void {
    const { data } = event;
    const result = resultOf(data.file ?? '');
    // a suite counts by its tests, unless it was skipped as a whole
    const isWhole = data.skip !== undefined || data.todo !== undefined;
    if (data.details.type === 'suite' && !isWhole && !isOwnFailure(event)) return;
    if (data.skip !== undefined || data.todo !== undefined) {
      skipped.push(`${data.name} (${shortPath(data.file)}): ${data.skip || data.todo || 'no reason given'}`);
    } else if (event.type === 'test:fail') {
      failed += 1;
      const failure = describeFailure(data.name, event.data.details.error);
      result.failures.push(failure);
      failures.push(`${shortPath(data.file)}: ${firstLines(failure)}`);
    } else {
      passed += 1;
      result.passed += 1;
    }
  }

  function closeFile(file: string, durationMs: number): void {
    const result = resultOf(file);
    const bad = result.failures.length;
    const time = durationMs >= 1000 ? `${(durationMs / 1000).toFixed(1)} s` : `${Math.round(durationMs)} ms`;
    write(
      `${bad > 0 ? '✖' : '✔'} ${shortPath(file)}  ${result.passed} passed${bad > 0 ? `, ${bad} failed` : ''}  ${time}\n`,
    );
    for (const failure of result.failures) write(`${indent(failure)}\n`);
    if (bad > 0 && result.output !== '') write(`${indent(`output of this file:\n${result.output}`)}\n`);
    files.delete(file);
  }

  return {
    take(event) {
      if (event.type === 'test:pass' || event.type === 'test:fail') takeResult(event);
      if (event.type === 'test:stdout' || event.type === 'test:stderr') {
        const result = resultOf(event.data.file);
        result.output = (result.output + event.data.message).slice(-MAX_OUTPUT);
      }
      if (event.type === 'test:summary' && event.data.file !== undefined) {
        closeFile(event.data.file, event.data.duration_ms);
      }
    },
    totals() {
      // One that cannot be loaded has no summary.
      for (const [file, { failures: own }] of files) if (own.length > 0) closeFile(file, 0);
      return { passed, failed, skipped, failures };
    },
  };
}

/** Characters of a failing file's own output that are worth showing. */
const MAX_OUTPUT = 20_000;

/** A suite fails because its tests do (counted there), unless a hook or the suite itself broke. */
function isOwnFailure(event: Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>): boolean {
  if (event.type !== 'test:fail') return false;
  const error = event.data.details.error as Error & { failureType?: string };
  return error.failureType !== 'subtestsFailed';
}

function describeFailure(name: string, error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return `✖ ${name}\n${indent(textsOf(cause).join('\nand before that: '))}`;
}

/** What a disposal suppressed comes last: it is what went wrong first. */
function textsOf(error: unknown): string[] {
  // by its form: it comes from another process, where its class is not ours
  const { error: last, suppressed } = (error ?? {}) as Partial<SuppressedError>;
  if (suppressed !== undefined) return [...textsOf(last), ...textsOf(suppressed)];
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
}

/** Lines of a failure that are repeated at the end of the run. */
const REPEATED_LINES = 14;

function firstLines(text: string): string {
  return text.split('\n').slice(0, REPEATED_LINES).join('\n');
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}

function shortPath(file: string | undefined): string {
  if (file === undefined) return '';
  const root = `${process.cwd()}/`;
  return file.startsWith(root) ? file.slice(root.length) : file;
}
