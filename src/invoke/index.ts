export type { Invocation, InvokeResult, Report } from './invocation.ts';
export { createInvoker, type Invoker } from './invoker.ts';
