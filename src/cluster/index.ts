/** Nodes and what they agree on; so far, that a home belongs to one node. */

export { requireFreePort } from './free-port.ts';
export { lockHome } from './home-lock.ts';
export { nodeId } from './node-id.ts';
