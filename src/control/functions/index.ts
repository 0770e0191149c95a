/** Functions, versions, aliases and concurrency, as Lambda's API changes them. */
export { createFunctions } from './functions.ts';
export type { Functions, FunctionsOptions, Settings as VersionSettings } from './interface.ts';
