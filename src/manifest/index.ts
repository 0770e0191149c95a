export { parseApp } from './app.ts';
export { type Manifest, manifestSchema, parseManifest, type Source } from './manifest.ts';
export { nearest } from './nearest.ts';
