export { createGateway, type Gateway, type GatewayLimits, type GatewayOptions } from './gateway.ts';
export type { InternalCaller } from './internal.ts';
