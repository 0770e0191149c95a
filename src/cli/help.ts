import { NODE_FLAGS } from '../config/index.ts';
import { COMMANDS } from './catalogue.ts';
import { commandName } from './command-name.ts';

/** All commands on one page. */
export function overview(): string {
  const width = Math.max(...Object.values(COMMANDS).map(({ usage }) => usage.length));
  const skein = commandName();
  const lines = Object.values(COMMANDS).map(
    ({ usage, summary }) => `  ${skein} ${usage.padEnd(width)}  ${summary}`,
  );
  return [
    'Skein runs functions on your own machines.',
    '',
    ...lines,
    `  ${skein} ${'help [COMMAND]'.padEnd(width)}  this page, or more about one command`,
    `  ${skein} ${'version'.padEnd(width)}  print the version`,
    '',
    'Every command takes --json (one JSON document instead of text) and --home DIR (which node).',
    'Exit codes: 0 done, 1 failed, 2 not understood.',
  ].join('\n');
}

/** One command, with its options. */
export function helpOf(name: string): string {
  const listed = COMMANDS[name];
  if (listed === undefined) throw new Error(`there is no command ${name}`);
  const lines = [`${commandName()} ${listed.usage}`, `  ${listed.summary}`];
  if (listed.details !== undefined) lines.push('', ...listed.details.map((line) => `  ${line}`));
  if (['up', 'start', 'doctor'].includes(name)) lines.push('', ...nodeFlags());
  else
    lines.push(
      '',
      '  --json  one JSON document',
      '  --home  which node (default: ~/.skein, as root /var/lib/skein)',
    );
  return lines.join('\n');
}

function nodeFlags(): string[] {
  const flags = Object.entries(NODE_FLAGS).map(
    ([flag, [value, about]]) => [`--${flag} ${value}`, about] as const,
  );
  const width = Math.max(...flags.map(([left]) => left.length));
  return [
    ...flags.map(([left, about]) => `  ${left.padEnd(width)}  ${about}`),
    '',
    '  Each flag is also a variable: --queue-timeout is SKEIN_QUEUE_TIMEOUT. The flag wins.',
  ];
}
