export { type FakeDriver, fakeDriver } from './fake.ts';
export { processDriver } from './process/driver.ts';
export { safe } from './safe.ts';
export type { Exit, Sandbox, SandboxDriver, SandboxSpec } from './sandbox.ts';
