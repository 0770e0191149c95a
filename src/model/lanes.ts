/**
 * Lanes: what events wait in. A function has one of its own name, in which as many run at once as there is room
 * for. A group of its events that is to keep order has another, `<function>/<group>`: one runs at a time, on all
 * nodes together, and the next not before the one before it is over, its retries included.
 */

/** @param group any text without a slash, such as the name of a schedule */
export function orderedLane(functionName: string, group: string): string {
  return `${functionName}/${group.replaceAll('/', '_')}`;
}

export function isOrdered(lane: string): boolean {
  return lane.includes('/');
}
