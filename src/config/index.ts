export {
  type Environment,
  type Machine,
  type NodeFile,
  readNodeFile,
  removeNodeFile,
  resolveHome,
  thisMachine,
  writeNodeFile,
} from './home.ts';
export {
  type Address,
  NODE_FLAGS,
  type NodeFlag,
  type Options,
  parseOptions,
} from './options.ts';
