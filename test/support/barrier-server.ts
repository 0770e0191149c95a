/** The barrier's server as a program: prints how many wait, each time it changes; lets them go at a line of input. */
import { createServer, type ServerResponse } from 'node:http';

const waiting: ServerResponse[] = [];
const server = createServer((_request, response) => {
  waiting.push(response);
  process.stdout.write(`${waiting.length}\n`);
});
server.keepAliveTimeout = 0;
server.listen({ host: '0.0.0.0', port: Number(process.argv[2]), backlog: 4_096 }, () =>
  process.stdout.write('0\n'),
);
process.stdin.on('data', () => {
  for (const response of waiting.splice(0)) response.end('go');
});
process.stdin.on('end', () => process.exit());
