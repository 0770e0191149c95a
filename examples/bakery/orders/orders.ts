import { database } from './database.ts';
import { ApiError } from './errors.ts';
import type { NewOrder, Page, Status } from './schemas.ts';

export interface Order {
  id: string;
  customer: string;
  note: string | null;
  items: NewOrder['items'];
  totalCents: number;
  currency: string;
  status: Status;
  createdAt: string;
}

/** From which statuses an order may go to each. */
const BEFORE: Record<Status, readonly Status[]> = {
  placed: [],
  baking: ['placed'],
  ready: ['baking'],
  collected: ['ready'],
  cancelled: ['placed', 'baking'],
};

/**
 * @param key the caller's own, such as a UUID: with the same key the same order is placed once, since the key is stored
 *   in the statement that stores the order
 */
export async function placeOrder(order: NewOrder, key: string | undefined): Promise<Order> {
  const sql = await database();
  const totalCents = order.items.reduce((sum, item) => sum + item.quantity * item.unitPriceCents, 0);
  const [row] = await sql`
    INSERT INTO orders (customer, note, items, total_cents, currency, key)
    VALUES (${order.customer}, ${order.note ?? null}, ${sql.json(order.items)}, ${totalCents},
            ${process.env.CURRENCY ?? 'EUR'}, ${key ?? null})
    ON CONFLICT (key) DO UPDATE SET key = excluded.key
    RETURNING *`;
  return toOrder(row as Row);
}

/** Newest first. The cursor is a place in the table, so orders placed meanwhile shift nothing. */
export async function listOrders(page: Page): Promise<{ orders: Order[]; nextCursor: string | null }> {
  const sql = await database();
  const rows = await sql<Row[]>`
    SELECT * FROM orders
    WHERE ${page.cursor === undefined ? sql`true` : sql`number < ${page.cursor}`}
    ORDER BY number DESC
    LIMIT ${page.limit + 1}`;
  const shown = rows.slice(0, page.limit);
  const nextCursor = rows.length > page.limit ? (shown.at(-1)?.number ?? null) : null;
  return { orders: shown.map(toOrder), nextCursor };
}

export async function findOrder(id: string): Promise<Order> {
  const sql = await database();
  const [row] = await sql<Row[]>`SELECT * FROM orders WHERE id = ${id}`;
  if (row === undefined) throw new ApiError(404, 'not-found', `There is no order ${id}.`);
  return toOrder(row);
}

/** One statement decides, so two changes at once cannot both win. */
export async function changeStatus(id: string, status: Status): Promise<Order> {
  const sql = await database();
  const [row] = await sql<Row[]>`
    UPDATE orders SET status = ${status}
    WHERE id = ${id} AND status = ANY (${BEFORE[status]})
    RETURNING *`;
  if (row !== undefined) return toOrder(row);
  const now = await findOrder(id);
  throw new ApiError(409, 'impossible-change', `An order that is ${now.status} cannot become ${status}.`);
}

interface Row {
  number: string;
  id: string;
  customer: string;
  note: string | null;
  items: NewOrder['items'];
  total_cents: string;
  currency: string;
  status: Status;
  created_at: Date;
}

function toOrder(row: Row): Order {
  const { id, customer, note, items, currency, status } = row;
  return {
    id,
    customer,
    note,
    items,
    totalCents: Number(row.total_cents),
    currency,
    status,
    createdAt: row.created_at.toISOString(),
  };
}
