/**
 * What the `oci` driver needs of a machine, looked at without changing anything: what `skein doctor`
 * shows, and what the choice of a driver goes by.
 */
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Hierarchies } from './cgroups/dialect.ts';
import { findHierarchies } from './cgroups/hierarchies.ts';
import { droppingChains } from './network/other-firewalls.ts';
import { findRuntime, isProgram, type OciRuntime } from './runtime.ts';
import { hasAllUsers } from './user-ranges.ts';

export interface MachineCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What a person can do about it; null: nothing needs doing, or nothing can be done. */
  readonly fix: string | null;
}

export interface Ground {
  readonly checks: readonly MachineCheck[];
  /** Null when a check that is needed failed. */
  readonly usable: { readonly runtime: OciRuntime; readonly hierarchies: Hierarchies } | null;
}

const TOOLS = [
  { name: 'nft', fix: 'apt-get install nftables' },
  { name: 'ip', fix: 'apt-get install iproute2' },
  { name: 'mkfs.ext4', fix: 'apt-get install e2fsprogs' },
  { name: 'mount', fix: 'apt-get install mount' },
] as const;

/** Folders of the system's own tools, which a user's PATH often lacks. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

export interface CheckOptions {
  /** As `--oci-runtime` names it. */
  readonly runtimeName: string;
  readonly searchPath: string | undefined;
}

/** Looks at everything but a sandbox itself: whether one starts is for a probe to say. */
export function checkGround({ runtimeName, searchPath }: CheckOptions): Ground {
  const system = check('Linux', process.platform === 'linux', {
    detail: process.platform,
    fix: 'the process driver is what runs elsewhere',
  });
  if (!system.ok) return { checks: [system], usable: null };
  const runtime = findRuntime(runtimeName, searchPath);
  const cgroups = findHierarchies();
  const refusal = refusalOf(runtime, cgroups);
  const checks = [
    system,
    check('root', process.getuid?.() === 0 && hasAllUsers(), {
      detail: process.getuid?.() === 0 ? 'root' : `user ${process.getuid?.()}`,
      fix: 'run the node as root of the machine (not inside a user namespace)',
    }),
    check('control groups', cgroups.kind === 'usable', {
      detail: cgroups.kind === 'usable' ? cgroups.name : cgroups.why,
      fix: 'boot with them enabled (cgroup_enable=memory on the kernel’s command line)',
    }),
    check('OCI runtime', runtime !== null && refusal === null, {
      detail: refusal ?? runtime?.path ?? `${runtimeName} is not installed`,
      fix: refusal === null ? `apt-get install ${runtimeName.split('/').at(-1)}` : 'use --oci-runtime runc',
    }),
    ...TOOLS.map(({ name, fix }) => {
      const path = findTool(name, searchPath);
      return check(name, path !== null, { detail: path ?? 'not installed', fix });
    }),
    userNamespaces(),
  ];
  const usable =
    runtime !== null && cgroups.kind === 'usable' && checks.every(({ ok }) => ok)
      ? { runtime, hierarchies: cgroups.hierarchies }
      : null;
  return { checks, usable };
}

function check(name: string, ok: boolean, { detail, fix }: { detail: string; fix: string }): MachineCheck {
  return { name, ok, detail, fix: ok ? null : fix };
}

/** crun looks for control groups of version 2 beside those of version 1, and starts nothing where it finds both. */
function refusalOf(runtime: OciRuntime | null, cgroups: ReturnType<typeof findHierarchies>): string | null {
  if (runtime?.name !== 'crun' || cgroups.kind !== 'usable' || cgroups.name !== 'hybrid') return null;
  return 'crun refuses machines that mix cgroup versions 1 and 2, as this one does';
}

function findTool(name: string, searchPath: string | undefined): string | null {
  const folders = [...SYSTEM_FOLDERS, ...(searchPath ?? '').split(delimiter)];
  const found = folders.filter((folder) => folder.startsWith('/')).map((folder) => join(folder, name));
  return found.find(isProgram) ?? null;
}

function userNamespaces(): MachineCheck {
  const most = readLimit('user/max_user_namespaces');
  return check('user namespaces', most === null || most > 0, {
    detail: most === 0 ? 'none are allowed' : 'allowed',
    fix: 'sysctl -w user.max_user_namespaces=30000',
  });
}

/** What a thousand sandboxes need of the machine, and how they would hit its bound first. */
const LIMITS = [
  { path: 'kernel/pid_max', least: 32_768, why: 'processes and threads; a Node.js function has about 12' },
  { path: 'fs/file-max', least: 200_000, why: 'open files of the whole machine' },
  {
    path: 'fs/inotify/max_user_instances',
    least: 128,
    why: 'file watches; each sandbox has users of its own',
  },
  {
    path: 'net/ipv4/neigh/default/gc_thresh3',
    least: 1_024,
    why: 'neighbours; sandboxes are routed and need none',
  },
  {
    path: 'kernel/keys/maxkeys',
    least: 0,
    why: 'keyrings per user; sandboxes make none and have users of their own',
  },
  { path: 'fs/pipe-user-pages-soft', least: 0, why: 'memory of pipes per user; the node uses sockets' },
] as const;

/** Limits of the kernel and of this process, for people who mean to run very many instances. */
export function checkLimits(): MachineCheck[] {
  const kernel = LIMITS.flatMap(({ path, least, why }): MachineCheck[] => {
    const value = readLimit(path);
    if (value === null) return []; // this kernel has no such limit
    const name = path.replaceAll('/', '.');
    return [check(name, value >= least, { detail: `${value} (${why})`, fix: `sysctl -w ${name}=${least}` })];
  });
  return [...kernel, openFiles(), otherFirewalls()];
}

/** What is dropped by default may still be accepted by a rule: said, and not held against the machine. */
function otherFirewalls(): MachineCheck {
  const chains = droppingChains();
  return check('other firewalls', chains.length === 0, {
    detail: chains.length === 0 ? 'none that drops by default' : `${chains.join(', ')} drops by default`,
    fix: 'let sandboxes through: iptables -I INPUT -i sk+ -j ACCEPT; iptables -I FORWARD -i sk+ -j ACCEPT; iptables -I FORWARD -o sk+ -j ACCEPT',
  });
}

/** Descriptors that a thousand instances take of the node: a channel, a report and a log each, requests, and room. */
const LEAST_FILES = 8_192;

function openFiles(): MachineCheck {
  const match = /^Max open files\s+(\S+)/m.exec(readText('/proc/self/limits'));
  const value = match?.[1] === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(match?.[1] ?? 0);
  return check('open files', value >= LEAST_FILES, {
    detail: `${value} (of the node; three for each instance)`,
    fix: `raise the hard limit: ulimit -Hn ${LEAST_FILES}, or LimitNOFILE= of its service`,
  });
}

function readLimit(path: string): number | null {
  const text = readText(`/proc/sys/${path}`).trim();
  return text === '' ? null : Number(text);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
