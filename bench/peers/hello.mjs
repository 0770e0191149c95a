export { handler } from '../fixtures/hello/index.mjs';
