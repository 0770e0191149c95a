export { type ProvisionedMeter, startProvisionedMeter } from './provisioned.ts';
export { type Recorder, startRecorder } from './recorder.ts';
