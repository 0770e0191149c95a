export { checkGround, checkLimits } from './oci/checks.ts';
export { processDriver } from './process/driver.ts';
export { type SandboxFolder, sandboxFolder } from './process/reach.ts';
export { safe } from './safe.ts';
export type { Exit, Sandbox, SandboxDriver, SandboxLimits, SandboxSpec } from './sandbox.ts';
