/** Nodes and what they agree on; so far, that a home belongs to one node. */
export { type HomeLock, type HomeLockOptions, lockHome } from './home-lock.ts';
