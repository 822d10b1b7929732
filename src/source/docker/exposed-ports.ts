import pLimit from 'p-limit';
import { nowMs } from '../../util/clock.ts';
import { startDeadline } from '../../util/deadline.ts';
import type { ListContainers } from '../source.ts';
import type { Container } from '../../model/container.ts';
import { hasNoPort } from '../../model/read-instances.ts';
import { likelyInstance } from '../../model/member.ts';
import type { EngineClient } from './engine-client.ts';
import { EngineError } from '../engine-error.ts';
import { messageOf } from '../../util/error-message.ts';

const maxAtOnce = 16;
/** A look waits so long for all answers together. */
const lookMs = 1000;
/** The first attempts have no pause. Then the pauses grow, since an engine can hang on a single container. */
const quickAttempts = 3;
const firstPauseMs = 5000;
const longestPauseMs = 300_000;
const notListed = 'the engine lists no ports in host mode and on internal networks';
/** A proxy answers with these to a call that it doesn't let through, an engine to a call that it doesn't have. */
const denials: ReadonlySet<number | undefined> = new Set([401, 403, 404, 405, 501]);

interface Ports extends Pick<Container, 'exposedTcpPorts' | 'portsUnknown'> {
  readonly attempts: number;
  /** When to ask again; infinity for never. */
  readonly dueAtMs: number;
}

/** Adds the exposed ports to containers, in the same order. `isAll`: these are all containers. */
export type AddPorts = (containers: readonly Container[], isAll: boolean, signal: AbortSignal) => Promise<readonly Container[]>;

/**
 * Asks for the ports of containers that need a port but have no port in the list. The engine lists no ports in host
 * mode, in another container's network, and if all networks are internal. Exposed ports never change, so each answer is
 * kept. Without an answer, only that container's port is missing.
 * @param only the only instance to ask for
 * @param onFirstFailure is called at the first failure for a container, if a retry can help; an error it throws ends
 * the look
 */
export function createPortReader(
  { exposedTcpPorts }: Pick<EngineClient, 'exposedTcpPorts'>,
  only: string | undefined,
  onFirstFailure: (error: unknown) => void = () => undefined,
): AddPorts {
  const known = new Map<string, Ports>();

  const ask = async (container: Container, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return;
    const attempts = (known.get(container.id)?.attempts ?? 0) + 1;
    try {
      known.set(container.id, { exposedTcpPorts: await exposedTcpPorts(container, signal), attempts, dueAtMs: Infinity });
    } catch (error) {
      const portsUnknown = `${notListed} (${messageOf(error)})`;
      const isDenied = error instanceof EngineError && denials.has(error.status);
      known.set(container.id, { exposedTcpPorts: [], portsUnknown, attempts, dueAtMs: nowMs() + pauseMs(attempts, isDenied) });
      if (attempts === 1 && !isDenied) onFirstFailure(error);
    }
  };

  const askAll = async (due: readonly Container[], signal: AbortSignal): Promise<void> => {
    const atOnce = pLimit(maxAtOnce);
    const deadline = startDeadline(lookMs, signal);
    await Promise.all(due.map((container) => atOnce(() => ask(container, deadline.signal)))).finally(deadline.end);
  };

  return async (containers, isAll, signal) => {
    if (isAll) forgetAllBut(known, containers);
    const withoutPort = new Set(containers.filter((one) => (only === undefined || likelyInstance(one) === only) && hasNoPort(one)));
    const due = [...withoutPort].filter(({ id }) => (known.get(id)?.dueAtMs ?? 0) <= nowMs());
    // Most looks ask for no ports, and a deadline costs as much as parsing the list.
    if (due.length > 0) await askAll(due, signal);
    return containers.map((container) => (withoutPort.has(container) ? withPorts(container, known.get(container.id)) : container));
  };
}

/**
 * Lists containers, with the ports that the engine's list doesn't show.
 * @throws EngineError also at the first failure for a container's ports: a failed read must not remove a route
 */
export function withExposedPorts(engine: Pick<EngineClient, 'list' | 'exposedTcpPorts'>, only?: string): ListContainers {
  const addPorts = createPortReader(engine, only, (error) => {
    throw error;
  });
  return async (signal, ids) => addPorts(await engine.list(signal, ids), ids === undefined, signal);
}

function pauseMs(attempts: number, isDenied: boolean): number {
  if (isDenied) return longestPauseMs;
  return attempts < quickAttempts ? 0 : Math.min(firstPauseMs * 2 ** (attempts - quickAttempts), longestPauseMs);
}

function forgetAllBut(known: Map<string, unknown>, containers: readonly Container[]): void {
  const present = new Set(containers.map(({ id }) => id));
  for (const id of known.keys()) if (!present.has(id)) known.delete(id);
}

function withPorts(container: Container, ports: Ports | undefined): Container {
  if (ports === undefined) return { ...container, portsUnknown: `${notListed} (it has not been asked yet)` };
  const { attempts: _, dueAtMs: __, ...found } = ports;
  return { ...container, ...found };
}
