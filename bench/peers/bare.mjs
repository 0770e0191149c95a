// The handler in a bare server: what the others are measured against.
import { createServer } from 'node:http';
import { handler } from '../fixtures/hello/index.mjs';

createServer(async (_request, response) => {
  const { statusCode, headers, body } = await handler();
  response.writeHead(statusCode, headers).end(body);
}).listen(Number(process.env.PORT), '127.0.0.1');
