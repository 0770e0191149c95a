import { Fault } from '../base/index.ts';
import { type NodeFile, readNodeFile } from '../config/index.ts';
import { connectNode } from './node-client.ts';

/** @returns the node of this home if it answers, in whatever way; null: there is none, or only what it left */
export async function runningNode(home: string): Promise<NodeFile | null> {
  if (readNodeFile(home) === null) return null;
  const { node, call } = connectNode(home);
  try {
    await call('GET', '/api/v1/status');
    return node;
  } catch (error) {
    if (error instanceof Fault && error.code === 'node-not-running') return null;
    return node; // it refuses, so it is there
  }
}
