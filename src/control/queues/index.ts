/** How queues are made, changed and deleted. */
export { createQueueControl, type NewQueue, type QueueChanges, type QueueControl } from './queues.ts';
