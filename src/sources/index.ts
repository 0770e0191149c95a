/** Sources: what turns messages into invocations. */
export { createQueueTriggers } from './queue/triggers.ts';
