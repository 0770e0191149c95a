/** For tests: functions, versions and configurations by hand, of which a test says only what it is about. */
import {
  type Alias,
  CONFIG_DEFAULTS,
  type FunctionConfig,
  type FunctionEntry,
  type Version,
} from './function.ts';
import { slugOf } from './names.ts';

export function configByHand(over: Partial<FunctionConfig> = {}): FunctionConfig {
  return {
    ...CONFIG_DEFAULTS,
    shape: 'function',
    runtime: 'nodejs24.x',
    handler: 'index.handler',
    memoryMb: 128,
    timeoutMs: 3_000,
    stopAfterMs: 300_000,
    ephemeralMb: 512,
    environment: {},
    database: null,
    ...over,
  };
}

/** @param over `version` 0, which is the default, is `$LATEST` */
export function versionByHand(over: Partial<Version> = {}): Version {
  const version = over.version ?? 0;
  return {
    functionName: 'shop-orders',
    version,
    artifact: 'a'.repeat(64),
    config: configByHand(),
    createdAtMs: version,
    details: {
      description: '',
      codeSize: 0,
      codeSha256: 'qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=',
      revisionId: `00000000-0000-4000-8000-${String(version).padStart(12, '0')}`,
      lastModified: '2026-01-01T00:00:00.000+0000',
      aws: {},
    },
    ...over,
  };
}

export function aliasByHand(name: string, version: number, over: Partial<Alias> = {}): Alias {
  return { name, version, second: null, description: '', revisionId: name, provisioned: 0, ...over };
}

/** A function with `live` at version 1; `over.aliases` as pairs of name and version, or as they are. */
export function functionByHand(over: Partial<FunctionEntry> = {}): FunctionEntry {
  const name = over.name ?? 'shop-orders';
  return {
    app: 'shop',
    name,
    slug: slugOf(name),
    reserved: null,
    latest: versionByHand({ functionName: name }),
    versions: new Map([[1, versionByHand({ functionName: name, version: 1 })]]),
    provisioned: new Map(),
    aliases: new Map([['live', aliasByHand('live', 1)]]),
    urls: new Map(),
    closedHosts: new Set(),
    policies: new Map(),
    eventInvoke: new Map(),
    recursion: 'Terminate',
    ...over,
  };
}
