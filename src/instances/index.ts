export type { InstanceCounts, ProvisionedCounts } from './counts.ts';
export { Fleet, type FleetOptions, type Followed, type ProvisionedTime } from './fleet.ts';
export type { ForesightCounts } from './foresight.ts';
export { InitFailure, type Instance, type RunResult, type StartPhases } from './instance.ts';
export { defaultReserveMb } from './memory.ts';
export { openMemoryReader } from './memory-reading.ts';
export type { Lease } from './pool.ts';
export { createStarter, type Starter } from './starter.ts';
