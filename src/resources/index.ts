/** The data kept for functions; knows nothing of functions themselves. */
export { databaseUrl, dropAppDatabase, ensureDatabase } from './database/database.ts';
