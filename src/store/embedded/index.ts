export { type EmbeddedEvent, type EmbeddedOptions, type EmbeddedServer, startEmbedded } from './embedded.ts';
