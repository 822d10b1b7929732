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
/** So often at the next looks; an engine can hang on a single container, so the pauses grow from then on. */
const hastyAttempts = 3;
const firstPauseMs = 5000;
const longestPauseMs = 300_000;
/** What a proxy answers to a call that it doesn't let through, and an engine to one that it doesn't know. */
const denials: ReadonlySet<number | undefined> = new Set([401, 403, 404, 405, 501]);

interface Ports extends Pick<Container, 'exposedTcpPorts' | 'portsUnknown'> {
  readonly attempts: number;
  /** When it is asked for again; infinity for never. */
  readonly dueAtMs: number;
}

/** Adds what else is known to containers, in the same order. `isAll`: there are no others. */
export type AddPorts = (containers: readonly Container[], isAll: boolean, signal: AbortSignal) => Promise<readonly Container[]>;

/**
 * Asks for the ports of containers that would otherwise have none: the engine lists none in host mode, in another container's network,
 * and on internal networks alone. What a container exposes never changes, so an answer holds. No answer costs nothing but the port.
 * @param only the instance that is looked at alone
 * @param onFirstFailure hears of a failure that may pass, the first time that a container is asked for; what it throws ends the look
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
      const portsUnknown = messageOf(error);
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
    const lacking = new Set(containers.filter((one) => (only === undefined || likelyInstance(one) === only) && hasNoPort(one)));
    const due = [...lacking].filter(({ id }) => (known.get(id)?.dueAtMs ?? 0) <= nowMs());
    // At nearly every look nobody is, and a deadline costs as much as the list's parsing.
    if (due.length > 0) await askAll(due, signal);
    return containers.map((container) => (lacking.has(container) ? withPorts(container, known.get(container.id)) : container));
  };
}

/**
 * A list with the ports that it doesn't show.
 * @throws EngineError also where a container's ports could not be asked for once: what could not be seen takes no route away
 */
export function withExposedPorts(engine: Pick<EngineClient, 'list' | 'exposedTcpPorts'>, only?: string): ListContainers {
  const addPorts = createPortReader(engine, only, (error) => {
    throw error;
  });
  return async (signal, ids) => addPorts(await engine.list(signal, ids), ids === undefined, signal);
}

function pauseMs(attempts: number, isDenied: boolean): number {
  if (isDenied) return longestPauseMs;
  return attempts < hastyAttempts ? 0 : Math.min(firstPauseMs * 2 ** (attempts - hastyAttempts), longestPauseMs);
}

function forgetAllBut(known: Map<string, unknown>, containers: readonly Container[]): void {
  const present = new Set(containers.map(({ id }) => id));
  for (const id of known.keys()) if (!present.has(id)) known.delete(id);
}

function withPorts(container: Container, ports: Ports | undefined): Container {
  if (ports === undefined) return { ...container, portsUnknown: 'it is asked later' };
  const { attempts: _, dueAtMs: __, ...told } = ports;
  return { ...container, ...told };
}
