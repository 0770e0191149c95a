/** The data kept for functions; knows nothing of functions themselves. */
export { dropAppDatabase, ensureDatabase } from './database/database.ts';
export { openFunctionDatabases } from './database/proxy/function-databases.ts';
