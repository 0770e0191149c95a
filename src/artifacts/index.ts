export { type Artifacts, type ArtifactsOptions, createArtifacts } from './artifacts.ts';
export { type ImageConfig, imageIn, type UnpackedImage } from './image/image.ts';
export type { Admitted, ChunkStore, Stored } from './jobs.ts';
export { extensionsIn, type LayerExtension, type PlacedLayers } from './layers.ts';
