export type { SqsParts } from './parts.ts';
export { sqsService } from './service.ts';
