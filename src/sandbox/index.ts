export { processDriver } from './process/driver.ts';
export { lend, type SandboxFolder, sandboxFolder } from './process/reach.ts';
export { safe } from './safe.ts';
export type { Exit, Sandbox, SandboxDriver, SandboxSpec } from './sandbox.ts';
