/** The address of an `address:port`; an IPv6 address stays in its brackets. */
export function addressIn(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(':'));
}

/** The port of an `address:port`. */
export function portIn(endpoint: string): number {
  return Number(endpoint.slice(endpoint.lastIndexOf(':') + 1));
}
