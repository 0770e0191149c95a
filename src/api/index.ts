export { type Api, createApi } from './api.ts';
export type {
  EventAnswer,
  EventLine,
  EventsAnswer,
  PausedAnswer,
  RedrivenAnswer,
} from './event-endpoints.ts';
export type { KeyAnswer, KeysAnswer, RevokedAnswer } from './key-endpoints.ts';
export type { ApiOptions, OtherApi, Status } from './options.ts';
export type {
  MessageAnswer,
  MessagesAnswer,
  PurgedAnswer,
  QueueAnswer,
  QueuePausedAnswer,
  QueueSummary,
  QueuesAnswer,
  RedriveAnswer,
  SentAnswer,
} from './queue-endpoints.ts';
export type { UsageAnswer } from './usage-document.ts';
