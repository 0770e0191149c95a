/** AWS's names of runtimes, and what a name says: which program runs the code, in which version. */

export const RUNTIMES = [
  'nodejs24.x',
  'nodejs22.x',
  'nodejs20.x',
  'python3.14',
  'python3.13',
  'python3.12',
  'python3.11',
  'python3.10',
  'java25',
  'java21',
  'java17',
  'provided.al2023',
] as const;
export type RuntimeName = (typeof RUNTIMES)[number];

/** What runs the code; `provided`: the package brings it. */
export type RuntimeFamily = 'nodejs' | 'python' | 'java' | 'provided';

/**
 * @returns e.g. `{ family: 'python', version: '3.12' }`; of `nodejs22.x` the version is `22`
 */
export function runtimeParts(runtime: RuntimeName): {
  readonly family: RuntimeFamily;
  readonly version: string;
} {
  const [, family, version] = /^([a-z]+)\.?(.*?)(?:\.x)?$/.exec(runtime) as unknown as [
    string,
    RuntimeFamily,
    string,
  ];
  return { family, version };
}
