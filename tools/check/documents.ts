/** Pages that repeat what the code says must say the same. */
import type { Finding } from './source.ts';

/** docs/errors.md has one row per fault code, with its blame and whether to retry, and no other. */
export function checkErrorsPage(
  page: string,
  faults: Readonly<Record<string, { blame: string; retry: boolean }>>,
): Finding[] {
  const path = 'docs/errors.md';
  const rows = new Map<string, { cells: string[]; line: number }>();
  page.split('\n').forEach((text, index) => {
    const cells = text.split('|').map((cell) => cell.trim());
    const code = /^`([a-z-]+)`$/.exec(cells[1] ?? '')?.[1];
    if (code !== undefined) rows.set(code, { cells, line: index + 1 });
  });
  const findings: Finding[] = [];
  for (const [code, { blame, retry }] of Object.entries(faults)) {
    const row = rows.get(code);
    if (row === undefined) findings.push({ path, line: 1, message: `the fault "${code}" has no row` });
    else if (row.cells[2] !== blame || row.cells[3] !== (retry ? 'yes' : 'no')) {
      const message = `"${code}" is blamed on the ${blame}, retry ${retry ? 'yes' : 'no'}; the row says otherwise`;
      findings.push({ path, line: row.line, message });
    }
  }
  for (const [code, { line }] of rows) {
    if (!(code in faults)) findings.push({ path, line, message: `there is no fault "${code}" any more` });
  }
  return findings;
}

/** docs/limits.md names every limit. */
export function checkLimitsPage(page: string, limits: Readonly<Record<string, unknown>>): Finding[] {
  return Object.keys(limits)
    .filter((name) => !page.includes(`\`${name}\``))
    .map((name) => ({
      path: 'docs/limits.md',
      line: 1,
      message: `the limit \`${name}\` is not on this page`,
    }));
}

/** docs/cli.md has every command. */
export function checkCommandsPage(page: string, commands: Readonly<Record<string, unknown>>): Finding[] {
  return Object.keys(commands)
    .filter((name) => !page.includes(`\`skein ${name}`))
    .map((name) => ({ path: 'docs/cli.md', line: 1, message: `the command "${name}" is not on this page` }));
}
