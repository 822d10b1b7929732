import { addressIn } from '../../model/endpoint.ts';
import { isOnNetworks } from '../../model/networks.ts';
import type { PortAnswer } from '../../model/port-trial.ts';
import { probeOnce } from '../../sidecar/probe/probe.ts';

/**
 * Tries a port of a container. A refusal counts only where the address is on a network of our own: elsewhere a firewall may have refused.
 * @param endpoint `address:port`
 * @param ownNetworks the networks of the machine or container that this runs in, `172.18.0.5/16` each
 */
export async function probePort(endpoint: string, ownNetworks: readonly string[], signal: AbortSignal): Promise<PortAnswer> {
  const address = addressIn(endpoint).replace(/^\[|\]$/g, '');
  if (!isOnNetworks(address, ownNetworks))
    return { kind: 'unknown', reason: `${address} is on none of the networks that meet-gen is on here` };
  const { answer, detail } = await probeOnce({ containerId: '', endpoint, health: { by: 'tcp' } }, signal);
  if (answer === 'unclear') return { kind: 'unknown', reason: detail };
  return { kind: answer === 'ready' ? 'open' : 'refused' };
}
