/**
 * What a node runs with: defaults → flags and environment → checked → frozen.
 *
 * Every option has a flag and a variable of equal meaning (`--queue-timeout`, `SKEIN_QUEUE_TIMEOUT`);
 * the flag wins. This room and the commands are the only readers of the process's environment.
 */
import { Fault, type WeatherOrder } from '../base/index.ts';
import { LIMITS } from '../model/index.ts';
import { type Environment, type Machine, resolveHome } from './home.ts';
import {
  type Address,
  type Given,
  parseAddress,
  parseChoice,
  parseCidrs,
  parseCount,
  parseDatabaseUrl,
  parseDomain,
  parseDuration,
  parseKeys,
  parsePath,
  parseProgram,
  parseSizeMb,
  parseWeather,
} from './parse.ts';

export type { Address } from './parse.ts';

export interface Options {
  /** Where the public calls functions. Default 127.0.0.1:8080; port 0 picks a free one. */
  readonly gateway: Address;
  /** Where operators and tools call the node. Default 127.0.0.1:9400; keep it off public networks. */
  readonly control: Address;
  /** Folder of everything this node keeps. Default ~/.skein, as root /var/lib/skein. */
  readonly home: string;
  /** A PostgreSQL (15 or newer) of yours; null (default): the node runs its own in `home`. */
  readonly databaseUrl: string | null;
  /** How functions are kept apart. `auto` (default) picks the strongest driver present. */
  readonly driver: 'auto' | 'oci' | 'process';
  /**
   * The OCI runtime of the `oci` driver: a name to look for or a path. Default `runc`. One that is not
   * called `runc` or `crun` need pass on the standard descriptors only, as runsc does.
   */
  readonly ociRuntime: string;
  /** Folders in which programs of the machine are looked for: PATH. */
  readonly searchPath: string;
  /** Functions answer at `<name>.<domain>`. Default `localhost`. */
  readonly domain: string;
  /** Networks whose X-Forwarded-For is believed, as CIDRs. Default none: the socket's address counts. */
  readonly trustProxy: readonly string[];
  /** Certificate and key (PEM files) of the gateway; null (default): plain HTTP. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  /**
   * Invocations at once on this node, 1 to 100,000, default 1,000. Too low answers 429 early; too
   * high lets a crowd eat the machine's memory.
   */
  readonly accountConcurrency: number;
  /** How long a request may wait for an instance, 0 to 900,000 ms, default 30 s. 0: refuse at once. */
  readonly queueTimeoutMs: number;
  /**
   * Sandboxes that wait booted, per runtime and memory size in use, in quiet times; 0 to 64, default 3,
   * and more while many are taken. Each costs about 10 MB; with too few, bursts start from nothing.
   */
  readonly blanks: number;
  /** Instances that may be starting at once, 1 to 256; default twice the processors. More only makes all of them slower. */
  readonly startSlots: number;
  /** Instances on this node, busy, idle and blank, 1 to 4,000, default 2,000. */
  readonly maxInstances: number;
  /**
   * Memory that instances leave to the node, its database and the machine, in MB, 0 to 10,000,000; null
   * (default): a twentieth of the machine's, 256 MB to 1 GB. Too low risks that something is killed for
   * want of memory; too high refuses early.
   */
  readonly memoryReserveMb: number | null;
  /** Whether a function with a steady rhythm is started just before it is due. Default on. */
  readonly prewarm: boolean;
  /**
   * How long after its first failure an event that nobody waits for is run again, 0 to 15 min, default 1 min as on
   * AWS; after the second it is twice as long. Short ones help in development, and press on what is down.
   */
  readonly eventRetryMs: number;
  /**
   * Faults to be made on purpose, for development and tests: kinds, and a seed that makes them the same each time
   * (none: one by chance, which the log tells). Null (default): none.
   */
  readonly weather: (Omit<WeatherOrder, 'seed'> & { readonly seed: number | null }) | null;
  /**
   * Keys of 32 bytes under which secrets are kept, the one that encrypts first; none (default): one that the
   * home keeps. From SKEIN_ENCRYPTION_KEY only, since the flags of a process are for everybody to see.
   */
  readonly encryptionKeys: readonly Uint8Array[];
}

/** Every flag of a node with the text of its value and one line for `skein help up`. */
export const NODE_FLAGS = {
  gateway: ['HOST:PORT', 'public listener (127.0.0.1:8080; port 0: any free one)'],
  control: ['HOST:PORT', 'operators’ listener (127.0.0.1:9400)'],
  home: ['DIR', 'where the node keeps everything (~/.skein; root: /var/lib/skein)'],
  'database-url': ['URL', 'your PostgreSQL 15 or newer, instead of the built-in one'],
  driver: ['auto|oci|process', 'how functions are kept apart (auto: oci where it can run)'],
  'oci-runtime': ['NAME|PATH', 'what makes the sandboxes of the oci driver (runc)'],
  domain: ['NAME', 'functions answer at <name>.<domain> (localhost)'],
  'trust-proxy': ['CIDR,…', 'networks whose X-Forwarded-For is believed (none)'],
  'tls-cert': ['FILE', 'certificate of the gateway, PEM; with --tls-key'],
  'tls-key': ['FILE', 'key of the gateway, PEM; with --tls-cert'],
  'account-concurrency': ['N', 'invocations at once on this node (1000)'],
  'queue-timeout': ['DURATION', 'longest wait for an instance (30s)'],
  blanks: ['N', 'sandboxes booted ahead per runtime and memory size in use (3); 0: none'],
  'start-slots': ['N', 'instances that may be starting at once (2 × processors)'],
  'max-instances': ['N', 'instances on this node (2000)'],
  'memory-reserve': ['SIZE', 'memory that instances leave to all else (a twentieth, 256MB to 1GB)'],
  'event-retry': ['DURATION', 'wait before a failed event is run again, then twice as long (1m)'],
  weather: ['KINDS[:SEED]', 'faults on purpose: all, or of duplicates,reorder,delay,recycle,crash (none)'],
  prewarm: ['on|off', 'start what is called in a steady rhythm just before it is due (on)'],
} as const satisfies Record<string, readonly [string, string]>;

export type NodeFlag = keyof typeof NODE_FLAGS;

/**
 * Reads a node's options.
 *
 * @param given.flags values of the flags in `NODE_FLAGS`; what is absent comes from `env`, then defaults
 * @throws {Fault} `option-invalid`, naming the flag (or variable), its value and the allowed form
 */
export function parseOptions(given: {
  readonly flags: Readonly<Partial<Record<NodeFlag, string | undefined>>>;
  readonly env: Environment;
  readonly machine: Machine;
}): Options {
  const read = (flag: NodeFlag): Given | null => givenValue(flag, given);
  const options: Options = {
    gateway: parseAddress(read('gateway'), { host: '127.0.0.1', port: 8080 }),
    control: parseAddress(read('control'), { host: '127.0.0.1', port: 9400 }),
    home: resolveHome({ flag: given.flags.home, env: given.env, machine: given.machine }),
    databaseUrl: parseDatabaseUrl(read('database-url')),
    driver: parseChoice(read('driver'), ['auto', 'oci', 'process'], 'auto'),
    ociRuntime: parseProgram(read('oci-runtime'), 'runc'),
    searchPath: given.env.PATH ?? '',
    domain: parseDomain(read('domain'), 'localhost'),
    trustProxy: parseCidrs(read('trust-proxy')),
    tls: parseTls(read('tls-cert'), read('tls-key')),
    accountConcurrency: parseCount(read('account-concurrency'), {
      min: 1,
      max: 100_000,
      default: LIMITS.accountConcurrency,
    }),
    queueTimeoutMs: parseDuration(read('queue-timeout'), {
      min: 0,
      max: 900_000,
      default: LIMITS.queueTimeoutMs,
    }),
    blanks: parseCount(read('blanks'), { min: 0, max: 64, default: 3 }),
    startSlots: parseCount(read('start-slots'), {
      min: 1,
      max: 256,
      default: Math.min(256, Math.max(2, given.machine.cpus * 2)),
    }),
    maxInstances: parseCount(read('max-instances'), { min: 1, max: 4_000, default: 2_000 }),
    memoryReserveMb: parseSizeMb(read('memory-reserve')),
    prewarm: parseChoice(read('prewarm'), ['on', 'off'], 'on') === 'on',
    weather: parseWeather(read('weather')),
    eventRetryMs: parseDuration(read('event-retry'), { min: 0, max: 900_000, default: 60_000 }),
    encryptionKeys: parseKeys({ name: 'SKEIN_ENCRYPTION_KEY', value: given.env.SKEIN_ENCRYPTION_KEY ?? '' }),
  };
  refuseOnePortForBoth(options);
  return Object.freeze(options);
}

function givenValue(
  flag: NodeFlag,
  given: { flags: Readonly<Partial<Record<NodeFlag, string | undefined>>>; env: Environment },
): Given | null {
  const fromFlag = given.flags[flag];
  if (fromFlag !== undefined) return { name: `--${flag}`, value: fromFlag };
  const variable = `SKEIN_${flag.toUpperCase().replaceAll('-', '_')}`;
  const fromEnv = given.env[variable];
  // An empty variable means "not set", as it does for most programs; an empty flag is a mistake.
  return fromEnv === undefined || fromEnv === '' ? null : { name: variable, value: fromEnv };
}

function parseTls(cert: Given | null, key: Given | null): Options['tls'] {
  if (cert === null && key === null) return null;
  if (cert === null || key === null) {
    const [present, missing] = cert === null ? ['--tls-key', '--tls-cert'] : ['--tls-cert', '--tls-key'];
    throw new Fault(
      'option-invalid',
      `${present} needs ${missing} too: a certificate and its key belong together.`,
      {
        facts: { option: missing },
      },
    );
  }
  return { certFile: parsePath(cert), keyFile: parsePath(key) };
}

function refuseOnePortForBoth({ gateway, control }: Options): void {
  if (gateway.port === 0 || gateway.port !== control.port || gateway.host !== control.host) return;
  throw new Fault(
    'option-invalid',
    `--gateway and --control are both ${gateway.host}:${gateway.port}. Give them different ports.`,
    { facts: { option: '--control', value: `${control.host}:${control.port}` } },
  );
}
