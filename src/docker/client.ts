import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import Docker from 'dockerode';
import type { Container } from '../model/container.ts';
import { watchedContainerActions, watchedNetworkActions } from '../model/engine-event.ts';
import type { EngineEvent } from '../model/engine-event.ts';
import { parseEngineName } from '../model/nginx-token.ts';
import { containersFromEngine } from './container-from-engine.ts';
import type { DockerHost } from './docker-host.ts';
import { explainEngineFailure } from './engine-error.ts';
import { eventFromEngine } from './event-from-engine.ts';

/** The few calls that meet-gen makes to an engine. Each has a deadline and fails with an EngineError. */
export interface EngineClient {
  /** All containers with `meet.role`, in any state: one `GET /containers/json`, no inspect. */
  list(signal: AbortSignal): Promise<readonly Container[]>;
  /** Subscribes to `GET /events`, from a past moment on if one is given (the engine remembers 256 events); the promise is kept once the engine has answered, so a list begun after it misses nothing. */
  subscribe(since: Since, signal: AbortSignal): Promise<AsyncIterable<EngineEvent>>;
  /** `POST /containers/<name>/kill?signal=HUP`; by name, since socket proxies filter by it. */
  signalHup(container: { readonly id: string; readonly name: string }, signal: AbortSignal): Promise<void>;
}

/** Milliseconds since 1970, the engine's clock; undefined for events from now on. */
type Since = number | undefined;

const callDeadlineMs = 10_000;

/** Connects nothing yet: the first call does. */
export function createEngineClient(host: DockerHost): EngineClient {
  const docker = new Docker(connectionOptions(host));
  const call = async <Result>(what: string, signal: AbortSignal, run: (abortSignal: AbortSignal) => Promise<Result>): Promise<Result> => {
    try {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(callDeadlineMs)]);
      return await abortable(run(deadline), deadline);
    } catch (cause) {
      throw await explainEngineFailure(what, host.url, cause);
    }
  };
  return {
    list: (signal) =>
      call('listing containers', signal, async (abortSignal) =>
        containersFromEngine(await docker.listContainers({ all: true, filters: { label: ['meet.role'] }, abortSignal })),
      ),
    subscribe: async (since, signal) => {
      const filters = { type: ['container' as const, 'network' as const], event: [...watchedContainerActions, ...watchedNetworkActions] };
      // The deadline is for the answer's beginning; the stream itself lives as long as the signal.
      const stream = await call('subscribing to events', signal, () =>
        docker.getEvents({ filters, abortSignal: signal, ...(since === undefined ? {} : { since: since / 1000 }) }),
      );
      return readEvents(stream as Readable);
    },
    signalHup: (container, signal) =>
      call(`signalling ${container.name}`, signal, async (abortSignal) => {
        await docker.getContainer(parseEngineName(container.name) ?? container.id).kill({ signal: 'HUP', abortSignal });
      }),
  };
}

function connectionOptions(host: DockerHost): Docker.DockerOptions {
  if ('socketPath' in host) return { socketPath: host.socketPath, timeout: 0 };
  const { tls } = host;
  return { host: host.host, port: host.port, timeout: 0, protocol: tls === undefined ? 'http' : 'https', ...tls };
}

async function* readEvents(stream: Readable): AsyncGenerator<EngineEvent> {
  // readline swallows the input's errors; they must end the iteration, or a cut stream would look alive.
  const lines = createInterface({ input: stream });
  let failure: Error | undefined;
  stream.on('error', (error) => {
    failure = error;
    lines.close();
  });
  stream.on('aborted', () => lines.close());
  try {
    for await (const line of lines) {
      const event = eventFromEngine(line);
      if (event !== undefined) yield event;
    }
  } finally {
    lines.close();
    stream.destroy();
  }
  if (failure !== undefined) throw failure;
}

/** Rejects as soon as the signal aborts, also when the library doesn't notice. */
function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
