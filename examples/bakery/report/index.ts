import postgres from 'postgres';

const sql = postgres(process.env.DATABASE_URL ?? '', { max: 1, onnotice: () => {} });

interface Day {
  readonly orders: number;
  readonly soldCents: number;
}

/** What was ordered within the day that ends at the schedule's time, which EventBridge's event tells. */
export async function handler(event: { readonly time: string }): Promise<Day> {
  const until = new Date(event.time);
  const [table] = await sql`SELECT to_regclass('orders') IS NOT NULL AS made`;
  const [day] = table?.made === true ? await sold(until) : [];
  const report = day ?? { orders: 0, soldCents: 0 };
  console.log(`the day until ${until.toISOString()}: ${report.orders} orders, ${report.soldCents} cents`);
  return report;
}

function sold(until: Date): Promise<Day[]> {
  return sql<Day[]>`
    SELECT count(*)::int AS orders, coalesce(sum(total_cents), 0)::float8 AS "soldCents"
    FROM orders
    WHERE status <> 'cancelled' AND created_at <= ${until}
      AND created_at > ${until}::timestamptz - interval '1 day'`;
}
