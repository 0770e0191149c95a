export { type ImageRequest, packImage } from './image.ts';
export { packLayer } from './layer.ts';
export { type Packed, type PackRequest, packFunction } from './pack.ts';
