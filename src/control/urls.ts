/**
 * Where host labels answer.
 *
 * @param gatewayUrl the gateway's own URL: its scheme and port are those of every function
 * @returns from a label to its URL, e.g. `http://bakery-orders.localhost:8080/`
 */
export function functionUrls(gatewayUrl: string, domain: string): (label: string) => string {
  const { protocol, port } = new URL(gatewayUrl);
  const suffix = port === '' ? '' : `:${port}`;
  return (label) => `${protocol}//${label}.${domain}${suffix}/`;
}
