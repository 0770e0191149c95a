/** Event source mappings: which source's events a function is to be given. */
export { createMappings, type MappingPage, type Mappings, type MappingWish } from './mappings.ts';
