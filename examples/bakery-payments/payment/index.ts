import postgres from 'postgres';

const sql = postgres(process.env.DATABASE_URL ?? '', { max: 1, onnotice: () => {} });

let table: Promise<unknown> | null = null;

interface Event {
  readonly body: string;
  readonly isBase64Encoded?: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Takes the payment provider's webhook. Who sent it was verified before this runs.
 *
 * An event may come twice. The payment is stored under the sender's id of the event, in the statement that counts it:
 * so the total is right however often it comes.
 */
export async function handler(event: Event): Promise<{ stored: boolean }> {
  table ??= createTable();
  await table;
  const text = event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString() : event.body;
  const { orderId, cents } = JSON.parse(text) as { orderId: string; cents: number };
  const rows = await sql`
    INSERT INTO payments (event_id, order_id, cents)
    VALUES (${event.headers['webhook-id'] ?? ''}, ${orderId}, ${cents})
    ON CONFLICT DO NOTHING
    RETURNING event_id`;
  return { stored: rows.length > 0 };
}

function createTable(): Promise<unknown> {
  return sql.begin(async (transaction) => {
    await transaction`SELECT pg_advisory_xact_lock(hashtext('payments'))`;
    await transaction`
      CREATE TABLE IF NOT EXISTS payments (
        event_id   text PRIMARY KEY,
        order_id   uuid NOT NULL,
        cents      bigint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`;
  });
}
