export { AdaptiveWindow } from './adaptive-window.ts';
export { type Clock, sleep, systemClock, type Timer } from './clock.ts';
export { FAULTS, Fault, type FaultCode, type FaultFacts } from './fault.ts';
export { Follower } from './follower.ts';
export { Group } from './group.ts';
export { keepAlive } from './keep-alive.ts';
export { favourLoop } from './loop-share.ts';
export { makeFolder } from './make-folder.ts';
export { periodically } from './periodic.ts';
export { GIVE_WAY, giveWay } from './priority.ts';
export { processIdentity } from './process.ts';
export { type Random, seededRandom, systemRandom, uuidSource } from './random.ts';
export { Refresher } from './refresher.ts';
export type { Service } from './service.ts';
export { answerQuestions, tryAgain } from './thread-answers.ts';
export { openThread, type Thread } from './thread-questions.ts';
export { tidyHeapOnceIdle } from './tidy-heap.ts';
export { TokenBucket } from './token-bucket.ts';
export { unixSocketPath } from './unix-socket.ts';
export {
  createWeather,
  FAIR_WEATHER,
  type Strike,
  WEATHER,
  type Weather,
  type WeatherKind,
  type WeatherOrder,
} from './weather.ts';
