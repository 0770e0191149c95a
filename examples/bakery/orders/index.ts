import { ApiError, badJson, toAnswer } from './errors.ts';
import { changeStatus, findOrder, listOrders, type Order, placeOrder } from './orders.ts';
import { askForReceipt } from './receipts.ts';
import { changeSchema, idSchema, orderSchema, pageSchema, parse } from './schemas.ts';

interface Event {
  routeKey: string;
  headers?: Record<string, string>;
  body?: string;
  isBase64Encoded?: boolean;
  pathParameters?: Record<string, string>;
  queryStringParameters?: Record<string, string>;
}

interface Answer {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

const routes: Record<string, (event: Event) => Promise<{ status: number; body: unknown }>> = {
  'POST /orders': async (event) => ({
    status: 201,
    body: await place(event),
  }),
  'GET /orders': async (event) => ({
    status: 200,
    body: await listOrders(parse(pageSchema, event.queryStringParameters ?? {})),
  }),
  'GET /orders/{id}': async (event) => ({ status: 200, body: await findOrder(idOf(event)) }),
  'PATCH /orders/{id}': async (event) => ({
    status: 200,
    body: await changeStatus(idOf(event), parse(changeSchema, jsonBody(event)).status),
  }),
};

/** The cake shop's ordering API, for API Gateway HTTP API events (payload format 2.0). */
export async function handler(event: Event): Promise<Answer> {
  try {
    const route = routes[event.routeKey];
    if (route === undefined) throw new ApiError(404, 'not-found', `There is no ${event.routeKey} here.`);
    const { status, body } = await route(event);
    return answer(status, body);
  } catch (error) {
    const { status, body } = toAnswer(error);
    if (status === 500) console.error(error);
    return answer(status, body);
  }
}

/** A receipt is asked for before the answer: whoever got no answer places the order again under the same key. */
async function place(event: Event): Promise<Order> {
  const order = await placeOrder(parse(orderSchema, jsonBody(event)), event.headers?.['idempotency-key']);
  await askForReceipt(order);
  return order;
}

function jsonBody(event: Event): unknown {
  const text = event.isBase64Encoded
    ? Buffer.from(event.body ?? '', 'base64').toString()
    : (event.body ?? '');
  try {
    return JSON.parse(text);
  } catch {
    throw badJson();
  }
}

function idOf(event: Event): string {
  const id = idSchema.safeParse(event.pathParameters?.id);
  if (!id.success) throw new ApiError(404, 'not-found', 'There is no such order.');
  return id.data;
}

function answer(statusCode: number, body: unknown): Answer {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
