import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { runTool } from '../launcher.ts';

const equipped = process.getuid?.() === 0 && existsSync('/usr/bin/unshare');
const skip = equipped ? false : 'needs root and unshare';

/** Runs this on a machine of its own, as far as networks go: its uplink is `up0`. @returns what it printed, as JSON */
async function onMachine(script: string): Promise<unknown> {
  const module = JSON.stringify(join(import.meta.dirname, 'forwarding.ts'));
  const program = `import { allowForwarding, endForwarding, uplinkMtu } from ${module};
    import { execFileSync } from 'node:child_process';
    import { readFileSync, writeFileSync } from 'node:fs';
    const ip = (words) => execFileSync('ip', words.split(' '));
    const router = (value) => writeFileSync('/proc/sys/net/ipv4/ip_forward', value);
    const forwards = () => readFileSync('/proc/sys/net/ipv4/conf/up0/forwarding', 'latin1').trim();
    ${script}`;
  const shell = `set -e
    mount -t tmpfs none /run; mount -t sysfs none /sys
    ip link add up0 mtu 1400 type veth peer name far0
    ip link set up0 up; ip link set far0 up; ip address add 44.1.1.1/24 dev up0; ip route add default via 44.1.1.2
    echo 0 > /proc/sys/net/ipv4/ip_forward
    exec "$0" --input-type=module -e "$1"`;
  const words = ['unshare', '--net', '--mount', '/bin/sh', '-c', shell, process.execPath, program] as const;
  return JSON.parse(await runTool(words, ''));
}

suite('forwarding on the uplink', { skip }, () => {
  test('is allowed while a node needs it, and set back when the last is gone', async () => {
    const script = `const seen = [allowForwarding(), forwards()];
      ip('link add skabcdef type bridge');
      endForwarding(); seen.push(forwards());
      ip('link delete skabcdef');
      endForwarding(); seen.push(forwards(), allowForwarding());
      console.log(JSON.stringify(seen));`;
    assert.deepEqual(await onMachine(script), [['up0'], '1', '1', '0', ['up0']]);
  });

  test('is set back for a node that was killed, by the next one', async () => {
    const script = `allowForwarding(); const seen = [allowForwarding()];
      endForwarding(); seen.push(forwards());
      console.log(JSON.stringify(seen));`;
    assert.deepEqual(await onMachine(script), [['up0'], '0']);
  });

  test('is left alone on a machine that forwards by its own will, from the beginning or meanwhile', async () => {
    const script = `router('1'); const seen = [allowForwarding(), (endForwarding(), forwards())];
      router('0'); allowForwarding(); router('1');
      seen.push(allowForwarding(), (endForwarding(), forwards()));
      console.log(JSON.stringify(seen));`;
    assert.deepEqual(await onMachine(script), [[], '1', [], '1']);
  });

  test('an uplink that carries less than usual decides the length of packets', async () => {
    assert.equal(await onMachine('console.log(uplinkMtu());'), 1_400);
  });
});
