import type { ListContainers } from '../engine-view.ts';
import type { Container } from '../model/container.ts';
import { hasNoPort } from '../model/instance.ts';
import { likelyInstance } from '../model/member.ts';
import type { EngineClient } from './client.ts';
import { EngineError } from './engine-error.ts';

/** How many containers are asked for at a look; the others are at the next ones. */
const maxAsked = 16;
/** An engine can hang on a single container, and every look waits for it. */
const maxAttempts = 3;
/** More than this are forgotten, and asked for again where they are still there. */
const maxKnown = 1000;

interface Ports extends Pick<Container, 'exposedTcpPorts' | 'portsUnknown'> {
  readonly attempts: number;
}

/** Adds what else is known to containers, in the same order. */
export type AddPorts = (containers: readonly Container[], signal: AbortSignal) => Promise<readonly Container[]>;

/**
 * Asks for the ports of containers that would otherwise have none: the engine lists none in host mode, in another container's network,
 * and on internal networks alone. What a container exposes never changes, so an answer holds. No answer costs nothing but the port.
 * @param only the instance that is looked at alone
 */
export function createPortReader({ exposedTcpPorts }: Pick<EngineClient, 'exposedTcpPorts'>, only?: string): AddPorts {
  const known = new Map<string, Ports>();

  const ask = async (container: Container, signal: AbortSignal): Promise<void> => {
    const attempts = (known.get(container.id)?.attempts ?? 0) + 1;
    try {
      known.set(container.id, { exposedTcpPorts: await exposedTcpPorts(container, signal), attempts: maxAttempts });
    } catch (error) {
      const isRefused = error instanceof EngineError && error.status !== undefined;
      const portsUnknown = error instanceof Error ? error.message : String(error);
      known.set(container.id, { exposedTcpPorts: [], portsUnknown, attempts: isRefused ? maxAttempts : attempts });
    }
  };

  return async (containers, signal) => {
    const lacking = new Set(containers.filter((one) => (only === undefined || likelyInstance(one) === only) && hasNoPort(one)));
    if (known.size > maxKnown) known.clear();
    const due = [...lacking].filter(({ id }) => (known.get(id)?.attempts ?? 0) < maxAttempts).slice(0, maxAsked);
    await Promise.all(due.map((container) => ask(container, signal)));
    return containers.map((container) => (lacking.has(container) ? withPorts(container, known.get(container.id)) : container));
  };
}

/** A list with the ports that it doesn't show. */
export function withExposedPorts(engine: Pick<EngineClient, 'list' | 'exposedTcpPorts'>, only?: string): ListContainers {
  const addPorts = createPortReader(engine, only);
  return async (signal, ids) => addPorts(await engine.list(signal, ids), signal);
}

function withPorts(container: Container, ports: Ports | undefined): Container {
  const { attempts: _, ...told } = ports ?? { attempts: 0, exposedTcpPorts: [], portsUnknown: 'it is asked later' };
  return { ...container, ...told };
}
