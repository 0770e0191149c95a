import postgres from 'postgres';

/** One connection per instance: it handles one request at a time. It is kept for the next request. */
const sql = postgres(process.env.DATABASE_URL ?? '', { max: 1, onnotice: () => {} });

let ready: Promise<unknown> | null = null;

/** The database, with its table. The table is made on first use; many instances may try at once. */
export async function database(): Promise<postgres.Sql> {
  ready ??= createTable();
  try {
    await ready;
  } catch (error) {
    ready = null; // the next request tries again
    throw error;
  }
  return sql;
}

function createTable(): Promise<unknown> {
  return sql.begin(async (transaction) => {
    // IF NOT EXISTS alone can still collide with a twin that creates it at the same moment
    await transaction`SELECT pg_advisory_xact_lock(hashtext('orders'))`;
    await transaction`
      CREATE TABLE IF NOT EXISTS orders (
        number      bigserial PRIMARY KEY,
        id          uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
        customer    text NOT NULL,
        note        text,
        items       jsonb NOT NULL,
        total_cents bigint NOT NULL,
        currency    text NOT NULL,
        status      text NOT NULL DEFAULT 'placed',
        created_at  timestamptz NOT NULL DEFAULT now()
      )`;
    await transaction`ALTER TABLE orders ADD COLUMN IF NOT EXISTS key text UNIQUE`;
  });
}
