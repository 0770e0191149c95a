/**
 * The description of a sandbox in the form of the OCI runtime specification: what every runtime
 * understands. One template per node; a start fills in what is its own.
 */
import { join } from 'node:path';
import type { RootFolder } from './root-folder.ts';
import { USER } from './root-folder.ts';
import { seccompProfile } from './seccomp.ts';
import { RANGE_SIZE } from './user-ranges.ts';

/** Where code finds itself, as on Lambda. */
export const TASK_ROOT = '/var/task';
/** Where a runtime finds what an earlier instance of the version has compiled. */
export const COMPILED_ROOT = '/var/compiled';
/** Where a sandbox finds its layers, as on Lambda. */
export const OPT_ROOT = '/opt';
/** Processes and threads of one sandbox, as on Lambda. */
export const MAX_PIDS = 1_024;
const MAX_FILES = 1_024;

/** The part of `/proc` that is about the machine and not about the sandbox. */
const MASKED = `acpi asound interrupts kallsyms kcore keys latency_stats sched_debug scsi timer_list timer_stats
  config.gz partitions diskstats kpagecgroup kpagecount kpageflags slabinfo softirqs vmallocinfo zoneinfo`;
const READ_ONLY = 'bus fs irq sys sysrq-trigger';

/** A file or folder of the host that is there, read-only, in every sandbox. */
export interface Exposure {
  readonly hostPath: string;
  /** Below /var. */
  readonly name: string;
  readonly isFolder: boolean;
}

export interface ImageGround {
  readonly root: string;
  readonly workingDirectory: string;
  /** Folder of the host with a shell and all that it needs. */
  readonly shell: string;
}

/** Where an image's sandbox has that shell; the image's own may be another, or missing. */
export const SHELL_ROOT = '/.skein';

export interface BundleOrder {
  readonly root: RootFolder;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly firstId: number;
  readonly cgroupPath: string;
  readonly netnsPath: string;
  /** Becomes /var. */
  readonly slot: string;
  /** Becomes /tmp. */
  readonly scratch: string;
  readonly exposures: readonly Exposure[];
  /** Becomes /var/task; null: it is brought later. */
  readonly codeDir: string | null;
  /** Its root instead of the machine's programs, the shell that it is started by, and where; null: those. */
  readonly image: ImageGround | null;
  /** Becomes /opt; null: that is empty. */
  readonly opt: string | null;
}

/** @returns the content of a bundle's `config.json` */
export function bundleConfig(order: BundleOrder): string {
  const { root, firstId } = order;
  const mapping = [{ containerID: 0, hostID: firstId, size: RANGE_SIZE }];
  return JSON.stringify({
    ociVersion: '1.0.2',
    root: { path: order.image?.root ?? root.path, readonly: true },
    hostname: 'localhost',
    process: processOf(order),
    mounts: mountsOf(order),
    linux: {
      uidMappings: mapping,
      gidMappings: mapping,
      cgroupsPath: order.cgroupPath,
      resources: resourcesOf(order.memoryMb),
      namespaces: [
        ...['pid', 'ipc', 'uts', 'mount', 'cgroup', 'user'].map((type) => ({ type })),
        { type: 'network', path: order.netnsPath },
      ],
      maskedPaths: [...words(MASKED).map((name) => `/proc/${name}`), '/sys/firmware'],
      readonlyPaths: words(READ_ONLY).map((name) => `/proc/${name}`),
      seccomp: SECCOMP,
    },
  });
}

const SECCOMP = seccompProfile(process.arch);

function processOf({ args, environment, codeDir, image }: BundleOrder): object {
  const none = { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] };
  return {
    terminal: false,
    user: { uid: USER.uid, gid: USER.gid, additionalGids: [] },
    args,
    env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    cwd: image?.workingDirectory ?? (codeDir === null ? '/' : TASK_ROOT),
    capabilities: none,
    noNewPrivileges: true,
    rlimits: [
      { type: 'RLIMIT_NOFILE', soft: MAX_FILES, hard: MAX_FILES },
      { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
    ],
    // Where the whole machine runs out of memory, the kernel takes sandboxes first.
    oomScoreAdj: 500,
  };
}

function resourcesOf(memoryMb: number): object {
  return {
    devices: [{ allow: false, access: 'rwm' }],
    memory: { limit: memoryMb * 1024 * 1024 },
    pids: { limit: MAX_PIDS },
  };
}

function mountsOf(order: BundleOrder): object[] {
  const { scratch, image } = order;
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'noexec', 'strictatime', 'mode=755', 'size=64k'],
    },
    ...(image === null ? programsOf(order) : imageMounts(order.root, image)),
    { destination: '/tmp', type: 'bind', source: scratch, options: ['bind', 'rw', 'nosuid', 'nodev'] },
  ];
}

function programsOf({ root, slot, exposures, codeDir, opt }: BundleOrder): object[] {
  return [
    ...root.mounted.map((path) => readOnly(path, path)),
    readOnly(slot, '/var'),
    ...exposures.map(({ hostPath, name }) => readOnly(hostPath, `/var/${name}`)),
    ...(codeDir === null ? [] : [readOnly(codeDir, TASK_ROOT)]),
    ...(opt === null ? [] : [readOnly(opt, OPT_ROOT)]),
  ];
}

/** The image has its programs and its code; what is about the sandbox is ours. */
function imageMounts(root: RootFolder, image: ImageGround): object[] {
  const files = ['resolv.conf', 'hosts', 'hostname'].map((name) => `/etc/${name}`);
  return [readOnly(image.shell, SHELL_ROOT), ...files.map((path) => readOnly(join(root.path, path), path))];
}

function readOnly(source: string, destination: string): object {
  return { destination, type: 'bind', source, options: ['bind', 'ro', 'nosuid', 'nodev'] };
}

function words(text: string): string[] {
  return text.split(/\s+/);
}
