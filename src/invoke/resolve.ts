/** From a name and a qualifier to the version that an invocation runs. */
import { Fault } from '../base/index.ts';
import { type Alias, type FunctionEntry, LATEST, LIMITS, LIVE, type Version } from '../model/index.ts';
import type { Snapshot } from '../registry/index.ts';
import type { Choice } from './choice.ts';
import type { Invocation } from './invocation.ts';

export interface Resolved {
  readonly invocation: Invocation;
  readonly entry: FunctionEntry;
  readonly version: Version;
  /** The alias's name, if it was one. */
  readonly alias: string | null;
}

/** @throws {Fault} when the snapshot has no such function, alias or version, or the event is too large */
export function resolve(snapshot: Snapshot, choice: Choice, invocation: Invocation): Resolved {
  const { functionName, qualifier, event } = invocation;
  const entry = snapshot.functions.get(functionName);
  if (entry === undefined) throw noFunction(functionName);
  const wanted = qualifier ?? (entry.aliases.has(LIVE) ? LIVE : LATEST);
  const alias = entry.aliases.get(wanted);
  refuseLarge(event);
  const version = numbered(entry, alias === undefined ? numberOf(wanted) : choice.versionOf(alias));
  if (version === undefined) throw noVersion(functionName, wanted);
  return { invocation, entry, version, alias: alias?.name ?? null };
}

function numbered({ latest, versions }: FunctionEntry, number: Alias['version']): Version | undefined {
  return number === 0 ? latest : versions.get(number);
}

/** @returns -1 when it is no version's */
function numberOf(qualifier: string): number {
  if (qualifier === LATEST) return 0;
  return /^[1-9]\d{0,8}$/.test(qualifier) ? Number(qualifier) : -1;
}

function refuseLarge(event: Invocation['event']): void {
  const bytes = typeof event === 'string' ? Buffer.byteLength(event) : event.byteLength;
  if (bytes <= LIMITS.eventBytes) return;
  const message = `The event is ${bytes} bytes; an invocation takes at most ${LIMITS.eventBytes}.`;
  throw new Fault('payload-too-large', message, { facts: { bytes, maxBytes: LIMITS.eventBytes } });
}

function noFunction(functionName: string): Fault {
  const message = `There is no function "${functionName}" here. "skein list" shows the functions of this node.`;
  return new Fault('function-not-found', message, { facts: { functionName } });
}

function noVersion(functionName: string, qualifier: string): Fault {
  const message = `Function "${functionName}" has no version or alias "${qualifier}". "skein versions ${functionName}" shows what is kept.`;
  return new Fault('version-not-found', message, { facts: { functionName, qualifier } });
}
