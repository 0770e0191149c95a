import type { Lease } from '../instances/index.ts';

/**
 * A lease whose instance is ended when somebody says so, whatever it is doing.
 *
 * @param cut aborted: the instance ends; what it ran has failed as if its process had exited
 */
export function cuttable(lease: Lease, cut: AbortSignal | undefined): Lease {
  if (cut === undefined) return lease;
  const { instance, coldStart } = lease;
  const end = () => void instance.stop();
  if (cut.aborted) end();
  else cut.addEventListener('abort', end, { once: true });
  return {
    ...{ instance, coldStart },
    release(fate) {
      cut.removeEventListener('abort', end);
      lease.release(cut.aborted ? 'discard' : fate);
    },
  };
}
