/** A control group with a memory limit, for a node that is to live in a small machine. Root only. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MemoryGroup extends Disposable {
  /** What this process starts from now on lives in the group; disposing ends that, too. */
  enter(): Disposable;
  /** How many processes the kernel has ended for want of memory. */
  kills(): number;
}

const V1 = '/sys/fs/cgroup/memory';
const V2 = '/sys/fs/cgroup';

/** @returns why there can be none here, or the group */
export function memoryGroup(name: string, limitMb: number): MemoryGroup | string {
  const isV1 = existsSync(join(V1, 'memory.limit_in_bytes'));
  const folder = join(isV1 ? V1 : V2, `skein-test-${name}-${process.pid}`);
  try {
    mkdirSync(folder);
    const limit = isV1 ? 'memory.limit_in_bytes' : 'memory.max';
    writeFileSync(join(folder, limit), String(limitMb * 2 ** 20));
  } catch (error) {
    return `no control group with a memory limit can be made here: ${(error as Error).message}`;
  }
  const counter = join(folder, isV1 ? 'memory.oom_control' : 'memory.events');
  return {
    enter() {
      const home = join(isV1 ? V1 : V2, ownGroup(isV1));
      moveTo(folder);
      return { [Symbol.dispose]: () => moveTo(home) };
    },
    kills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(counter, 'utf8'))?.[1] ?? 0),
    [Symbol.dispose]: () => rmdirSync(folder),
  };
}

function moveTo(folder: string): void {
  writeFileSync(join(folder, 'cgroup.procs'), String(process.pid));
}

function ownGroup(isV1: boolean): string {
  const line = isV1 ? /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m : /^0::(.*)$/m;
  return line.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
}
