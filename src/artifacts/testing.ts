/** The door for other rooms' tests. */
export { zipByHand } from './zip-by-hand.ts';
