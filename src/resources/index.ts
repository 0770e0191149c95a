/** The data kept for functions; knows nothing of functions themselves. */
export { dropAppDatabase, ensureDatabase } from './database/database.ts';
export { openFunctionDatabases } from './database/proxy/function-databases.ts';
export { createQueues, type QueueDirectory } from './queue/create.ts';
export { md5OfAttributes, md5OfText } from './queue/md5.ts';
export type {
  MessageAttribute,
  MessageState,
  NewMessage,
  PeekedMessage,
  QueueCounts,
  ReceivedMessage,
  SendOutcome,
  Sent,
} from './queue/message.ts';
export type { Moves, MoveTask, NewMove } from './queue/moves.ts';
export type {
  DeleteOutcome,
  PeekWanted,
  Queues,
  VisibilityChange,
  VisibilityOutcome,
  Wanted,
} from './queue/queues.ts';
export { openQueueStore } from './queue/store-thread.ts';
export { queuesInWeather } from './queue/weather.ts';
