/**
 * The chain an event belongs to: how many events led to it, one to the next.
 *
 * The count travels in the trace header, in the field that AWS has for it (`Lineage=<chain>:<count>`). The AWS SDKs
 * send a function's trace header with every call that the function makes, so the chain is followed through
 * code that knows nothing of it.
 */
const LINEAGE = /(?:^|;)\s*Lineage=([0-9a-f]{1,16}):(\d{1,6})(?=;|$)/;

/** @returns events of the chain so far; 0 where there is none */
export function hopsOf(traceId: string | null): number {
  return Number(LINEAGE.exec(traceId ?? '')?.[2] ?? 0);
}

/**
 * A trace header that says how long the chain is.
 *
 * @param traceId the one that came with the event; null: a new trace is named after the event
 *
 * @example
 * withHops('Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=7ce1b4f1:2', { id, hops: 3 })
 * // 'Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=7ce1b4f1:3'
 */
export function withHops(traceId: string | null, { id, hops }: { id: string; hops: number }): string {
  const hex = id.replaceAll('-', '');
  const trace = traceId ?? `Root=1-${hex.slice(0, 8)}-${hex.slice(8, 32)};Sampled=0`;
  const chain = LINEAGE.exec(trace)?.[1] ?? hex.slice(-8);
  return `${trace.replace(LINEAGE, '')};Lineage=${chain}:${hops}`;
}

/** The trace alone. */
export function withoutHops(traceId: string | null): string | null {
  return traceId === null ? null : traceId.replace(LINEAGE, '').replace(/^;/, '') || null;
}
