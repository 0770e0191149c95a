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
export { type Found, findProgram, type Program, type ProgramPlaces, runtimeFolder } from './programs.ts';
