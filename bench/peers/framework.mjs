import { http } from '@google-cloud/functions-framework';
import { handler } from '../fixtures/hello/index.mjs';

http('hello', async (_request, response) => {
  const { statusCode, headers, body } = await handler();
  response.status(statusCode).set(headers).send(body);
});
