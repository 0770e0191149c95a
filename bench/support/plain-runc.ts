/** What `runc run` alone takes: a program in namespaces of its own on the machine's own libraries, and nothing around it. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from '../../test/support/command.ts';

interface Bundle {
  root: { path: string; readonly: boolean };
  process: { terminal: boolean; args: string[]; cwd: string };
  mounts: { destination: string; type?: string; source?: string; options?: string[] }[];
}

/** @returns how long each of so many runs took, ms; null where there is no runc */
export async function runcStarts(count: number): Promise<number[] | null> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-runc-'));
  try {
    const made = await runCommand('runc', ['spec', '-b', folder]).catch(() => null);
    if (made?.code !== 0 || process.getuid?.() !== 0) return null;
    const bundle = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Bundle;
    mkdirSync(join(folder, 'root'));
    bundle.root = { path: 'root', readonly: true };
    Object.assign(bundle.process, { terminal: false, args: [process.execPath, '-e', '0'], cwd: '/' });
    const shared = ['/usr', '/bin', '/lib', '/lib64', dirname(process.execPath)].filter(existsSync);
    bundle.mounts = [
      ...bundle.mounts.filter(({ destination }) => ['/proc', '/dev'].includes(destination)),
      ...shared.map((path) => ({
        ...{ destination: path, type: 'bind', source: path, options: ['rbind', 'ro'] },
      })),
    ];
    writeFileSync(join(folder, 'config.json'), JSON.stringify(bundle));
    const times: number[] = [];
    for (let n = 0; n < count; n++) {
      const startMs = performance.now();
      const { code, stderr } = await runCommand('runc', [
        'run',
        '-b',
        folder,
        `skein-bench-${process.pid}-${n}`,
      ]);
      if (code !== 0) throw new Error(`runc run: ${stderr}`);
      times.push(performance.now() - startMs);
    }
    return times;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
