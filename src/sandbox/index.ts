export { checkGround, checkLimits } from './oci/checks.ts';
export type { GuestPorts } from './oci/open.ts';
export { type OpenedDriver, openDriver } from './open.ts';
export { type SandboxFolder, sandboxFolder } from './process/reach.ts';
export type {
  CompanionControl,
  CompanionEnd,
  Companions,
  Exit,
  Sandbox,
  SandboxDriver,
  SandboxLimits,
  SandboxSpec,
} from './sandbox.ts';
