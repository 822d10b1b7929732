/** The address in `address:port`; an IPv6 address keeps its brackets. */
export function addressIn(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(':'));
}

/** The port in `address:port`. */
export function portIn(endpoint: string): number {
  return Number(endpoint.slice(endpoint.lastIndexOf(':') + 1));
}
