export { Fleet, type FleetOptions, type InstanceCounts } from './fleet.ts';
export { InitFailure, type Instance, type RunResult, type StartPhases } from './instance.ts';
export type { Lease } from './pool.ts';
export { createStarter, type Starter } from './starter.ts';
