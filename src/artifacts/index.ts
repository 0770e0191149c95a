export { type Artifacts, type ArtifactsOptions, createArtifacts } from './artifacts.ts';
export { type CompiledCode, type CompiledOrder, createCompiledCode } from './compiled.ts';
export type { ChunkStore, Stored } from './jobs.ts';
