/** The data kept for functions; knows nothing of functions themselves. */
export {
  databaseUrl,
  dropAppDatabase,
  type Ensured,
  ensureDatabase,
} from './database/database.ts';
