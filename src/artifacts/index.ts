export { type Artifacts, type ArtifactsOptions, createArtifacts } from './artifacts.ts';
export type { ChunkStore, Stored } from './jobs.ts';
