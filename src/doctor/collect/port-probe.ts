import { addressIn } from '../../model/endpoint.ts';
import { isOnNetworks } from '../../model/networks.ts';
import type { PortAnswer } from '../../model/port-trial.ts';
import { probeOnce } from '../../sidecar/probe/probe.ts';

/**
 * Tries a port of a container. The address must be on a network of this process, since elsewhere a firewall can refuse.
 * @param endpoint `address:port`
 * @param ownNetworks the networks of this machine or container, as `172.18.0.5/16`
 */
export async function probePort(endpoint: string, ownNetworks: readonly string[], signal: AbortSignal): Promise<PortAnswer> {
  const address = addressIn(endpoint).replace(/^\[|\]$/g, '');
  if (!isOnNetworks(address, ownNetworks))
    return { kind: 'unknown', reason: `${address} is on no network of the container that runs this command` };
  const { answer, detail } = await probeOnce({ containerId: '', endpoint, health: { by: 'tcp' } }, signal);
  if (answer === 'unclear') return { kind: 'unknown', reason: detail };
  return { kind: answer === 'ready' ? 'open' : 'refused' };
}
