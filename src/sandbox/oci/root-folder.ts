/**
 * The root that every sandbox sees: an almost empty folder, read-only, into which the host's
 * programs are mounted. Made anew at every start of the node, from what this machine has.
 *
 * Holds   links or mount points for the system's programs, and an /etc of a few files that say
 *         nothing about the host: a user, a resolver, certificates, the time zone.
 * Lacks   the host's own /etc, /home, /root, /run, /var and /sys.
 */
import {
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** The user that code runs as, as on Lambda: unprivileged, without a home. */
export const USER = { uid: 993, gid: 990, name: 'sbx_user1051' } as const;

/** Folders of programs beside /usr: links into it on a system of today, folders of their own on others. */
const SYSTEM = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];
/** Mount points of every sandbox. */
const EMPTY = ['dev', 'opt', 'proc', 'tmp', 'usr', 'var'];
/** What programs look for in /etc and may know. */
const FILES = ['ld.so.cache', 'localtime', 'mime.types', 'protocols', 'services', 'ssl/openssl.cnf'];
const FOLDERS = ['alternatives', 'ssl/certs', 'pki/tls', 'pki/ca-trust/extracted', 'ca-certificates'];

export interface RootFolder {
  readonly path: string;
  /** Folders of the host that are mounted at the same path, read-only. */
  readonly mounted: readonly string[];
}

/** @param resolver the address of the name server, as sandboxes reach it */
export function makeRootFolder(path: string, resolver: string): RootFolder {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true, mode: 0o755 });
  for (const name of EMPTY) mkdirSync(join(path, name), { mode: 0o755 });
  const mounted = ['/usr'];
  for (const name of SYSTEM) {
    const stat = lstatSync(`/${name}`, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) symlinkSync(readlinkSync(`/${name}`), join(path, name));
    else if (stat?.isDirectory()) {
      mkdirSync(join(path, name), { mode: 0o755 });
      mounted.push(`/${name}`);
    }
  }
  makeEtc(join(path, 'etc'), resolver);
  return { path, mounted };
}

function makeEtc(etc: string, resolver: string): void {
  const { uid, gid, name } = USER;
  const files = {
    passwd: `root:x:0:0:root:/root:/sbin/nologin\n${name}:x:${uid}:${gid}::/tmp:/sbin/nologin\n`,
    group: `root:x:0:\n${name}:x:${gid}:\n`,
    hosts: '127.0.0.1 localhost\n::1 localhost\n',
    hostname: 'localhost\n',
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
    'resolv.conf': `nameserver ${resolver}\noptions timeout:2 attempts:2\n`,
  };
  mkdirSync(join(etc, 'ssl'), { recursive: true, mode: 0o755 });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(etc, file), text, { mode: 0o644 });
  for (const file of FILES) copyQuietly(() => copyFileSync(join('/etc', file), join(etc, file)));
  const languages = readdirSync('/etc').filter((entry) =>
    /^(?:python3(?:\.\d+)?|java-\d+-openjdk)$/.test(entry),
  );
  for (const folder of [...FOLDERS, ...languages]) {
    // Links stay links: what they lead to lies under /usr, which is there.
    copyQuietly(() =>
      cpSync(join('/etc', folder), join(etc, folder), { recursive: true, verbatimSymlinks: true }),
    );
  }
}

/** No machine has all of them, and none of them is needed by all programs. */
function copyQuietly(copy: () => void): void {
  try {
    copy();
  } catch {
    // absent here
  }
}
