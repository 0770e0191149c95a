export { type Recorder, startRecorder } from './recorder.ts';
