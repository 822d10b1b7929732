import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import Docker from 'dockerode';
import { startDeadline } from '../deadline.ts';
import type { Container } from '../model/container.ts';
import { watchedContainerActions, watchedNetworkActions } from '../model/engine-event.ts';
import type { EngineEvent } from '../model/engine-event.ts';
import { parseEngineName } from '../model/nginx-token.ts';
import { containersFromEngine } from './container-from-engine.ts';
import type { DockerHost } from './docker-host.ts';
import { EngineError, explainEngineFailure } from './engine-error.ts';
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

const readDeadlineMs = 10_000;
/** Shorter: a frontend waits for it, and it can be sent again. */
const signalDeadlineMs = 2000;

/** Connects nothing yet: the first call does. */
export function createEngineClient(host: DockerHost): EngineClient {
  const docker = withoutDockerVariables(() => new Docker(connectionOptions(host)));
  const explain =
    (what: string) =>
    async (cause: unknown): Promise<never> =>
      Promise.reject(await explainEngineFailure(what, host.url, cause));
  return {
    async list(signal) {
      const deadline = startDeadline(readDeadlineMs, signal);
      try {
        const answer = await abortable(openList(docker, deadline.signal).then(readText), deadline.signal);
        return containersFromEngine(parseAnswer(answer));
      } catch (cause) {
        return await explain('listing containers')(cause);
      } finally {
        deadline.end();
      }
    },
    async subscribe(since, signal) {
      const filters = { type: ['container' as const, 'network' as const], event: [...watchedContainerActions, ...watchedNetworkActions] };
      // The limit is for the answer's beginning; the stream itself lives as long as the signal.
      const deadline = startDeadline(readDeadlineMs, signal);
      try {
        const options = { filters, abortSignal: deadline.signal, ...(since === undefined ? {} : { since: since / 1000 }) };
        const stream = await abortable(docker.getEvents(options), deadline.signal);
        deadline.lift();
        return readEvents(stream as Readable, deadline.end);
      } catch (cause) {
        deadline.end();
        return await explain('subscribing to events')(cause);
      }
    },
    async signalHup(container, signal) {
      const deadline = startDeadline(signalDeadlineMs, signal);
      try {
        const { signal: abortSignal } = deadline;
        await abortable(
          docker.getContainer(parseEngineName(container.name) ?? container.id).kill({ signal: 'HUP', abortSignal }),
          abortSignal,
        );
      } catch (cause) {
        await explain(`signalling ${container.name}`)(cause);
      } finally {
        deadline.end();
      }
    },
  };
}

/** dockerode reads the environment too, puts it under our options and fails on a bad one; the options have been read already. */
function withoutDockerVariables<Result>(create: () => Result): Result {
  const hidden = Object.entries(process.env).filter(([name]) => name.startsWith('DOCKER_'));
  for (const [name] of hidden) delete process.env[name];
  try {
    return create();
  } finally {
    Object.assign(process.env, Object.fromEntries(hidden));
  }
}

function connectionOptions(host: DockerHost): Docker.DockerOptions {
  if ('socketPath' in host) return { socketPath: host.socketPath, timeout: 0 };
  const { tls } = host;
  return { host: host.host, port: host.port, timeout: 0, protocol: tls === undefined ? 'http' : 'https', ...tls };
}

/** As a stream: dockerode's own `listContainers` never ends when the connection is cut in the middle of the answer. */
function openList(docker: Docker, abortSignal: AbortSignal): Promise<Readable> {
  const call = {
    path: '/containers/json?',
    method: 'GET',
    options: { all: true, filters: { label: ['meet.role'] } },
    isStream: true,
    abortSignal,
    statusCodes: { 200: true },
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(call, (error: unknown, stream: unknown) => (error instanceof Error ? reject(error) : resolve(stream as Readable)));
  });
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineError('listing containers failed: the answer of the engine is cut short, or no JSON', {
      cure: 'see whether something between meet-gen and the engine cuts answers',
      cause,
    });
  }
}

async function* readEvents(stream: Readable, end: () => void): AsyncGenerator<EngineEvent> {
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
    end();
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
