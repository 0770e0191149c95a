export { type Packed, type PackRequest, packFunction } from './pack.ts';
