/** The world beyond this machine, for tests: a namespace that has all the addresses one cares to name. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { runTool } from '../launcher.ts';

/** At port 80 of each, something answers with that address. */
export async function openWorld(addresses: readonly string[]): Promise<AsyncDisposable> {
  const name = `world${randomBytes(3).toString('hex')}`;
  const gateway = '44.128.255.1';
  const outside = [
    `netns add ${name}`,
    `link add ${name} type veth peer name eth0 netns ${name}`,
    `address add ${gateway}/32 dev ${name}`,
    `link set ${name} up`,
    ...addresses.map((address) => `route add ${address}/32 dev ${name}`),
  ];
  const inside = [
    'link set lo up',
    'link set eth0 up',
    ...addresses.map((address) => `address add ${address}/32 dev eth0`),
    `route add ${gateway} dev eth0`,
    `route add default via ${gateway} dev eth0`,
  ];
  await runTool(['ip', '-batch', '-'], `${outside.join('\n')}\n`);
  await runTool(['ip', '-n', name, '-batch', '-'], `${inside.join('\n')}\n`);
  // It stands for the uplink, by which answers come in.
  await runTool(['/bin/sh', '-s'], `echo 1 > /proc/sys/net/ipv4/conf/${name}/forwarding`);
  const server = await serve(name);
  return {
    async [Symbol.asyncDispose]() {
      server.kill('SIGKILL');
      await once(server, 'exit');
      await runTool(['ip', 'link', 'delete', name], '');
      await runTool(['ip', 'netns', 'delete', name], '');
    },
  };
}

async function serve(namespace: string): Promise<ChildProcess> {
  const script = `require('node:net').createServer((socket) => socket.on('error', () => {}).end(socket.localAddress))
    .listen(80, '0.0.0.0', () => console.log('up'))`;
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}
