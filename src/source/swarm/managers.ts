import { startDeadline } from '../../util/deadline.ts';
import { abortable } from '../docker/answers.ts';
import type { DockerHost } from '../docker-host.ts';
import { askLimitMs } from './manager-client.ts';
import { failureOf, noManager } from './manager-failure.ts';
import type { ManagerFailure } from './manager-failure.ts';
import { managerAt } from './manager.ts';
import type { Manager } from './manager.ts';

/** Chooses the manager that is asked. */
export interface Managers {
  /**
   * Asks the manager that answered last. If it fails, asks all managers together, and takes the first answer.
   * @throws EngineError with the reason of each manager
   */
  first<Answer>(ask: Ask<Answer>, signal: AbortSignal): Promise<Answer>;
  /** The manager that answered last; undefined after all have failed. */
  current(): Manager | undefined;
}

type Ask<Answer> = (manager: Manager, signal: AbortSignal) => Promise<Answer>;

/** The addresses of a name, at least one. */
type Resolve = (name: string) => Promise<readonly string[]>;

/** A manager that hangs must not delay the first that answers again. */
const roundMs = 250;
/** Any task on the readers' network adds an address if its service has their name. Docker advises at most seven managers. */
const mostAddresses = 64;

export function createManagers(hosts: readonly DockerHost[], resolve: Resolve): Managers {
  const addresses = createAddresses(resolve);
  let current: Manager | undefined;
  return {
    async first(ask, signal) {
      const failures = new Map<string, ManagerFailure>();
      const last = current;
      if (last !== undefined) {
        try {
          return (await attempt(last, ask, failures, signal)).answer;
        } catch {
          signal.throwIfAborted();
        }
      }
      current = undefined;
      const found = await repeat((abort) => askAll(hosts, addresses, ask, failures, abort), signal).catch(() => {
        throw noManager(failures);
      });
      current = found.manager;
      return found.answer;
    },
    current: () => current,
  };
}

/** An answer, and the manager that gave it. */
interface Found<Answer> {
  readonly manager: Manager;
  readonly answer: Answer;
}

async function attempt<Answer>(
  manager: Manager,
  ask: Ask<Answer>,
  failures: Map<string, ManagerFailure>,
  signal: AbortSignal,
): Promise<Found<Answer>> {
  try {
    return { manager, answer: await ask(manager, signal) };
  } catch (cause) {
    // A question that the end of the last round cut says less than an earlier failure.
    throw (signal.aborted ? failures.get(manager.place) : undefined) ?? note(failures, manager.place, cause);
  }
}

/** One round. The error is in `failures`. */
function askAll<Answer>(
  hosts: readonly DockerHost[],
  addresses: Addresses,
  ask: Ask<Answer>,
  failures: Map<string, ManagerFailure>,
  signal: AbortSignal,
): Promise<Found<Answer>> {
  const ofHost = async (host: DockerHost): Promise<Found<Answer>> => {
    const managers = await managersAt(host, addresses, signal).catch((cause: unknown) => {
      throw note(failures, host.url, cause);
    });
    return Promise.any(managers.map((manager) => attempt(manager, ask, failures, signal)));
  };
  return Promise.any(hosts.map(ofHost));
}

function note(failures: Map<string, ManagerFailure>, place: string, cause: unknown): ManagerFailure {
  const failure = failureOf(cause);
  failures.set(place, failure);
  return failure;
}

/** Begins a round every 250 ms, until a round has an answer, or all rounds so far have failed. */
async function repeat<Answer>(round: (signal: AbortSignal) => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  const deadline = startDeadline(askLimitMs, signal);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Answer>((resolve, reject) => {
      let open = 0;
      const begin = (): void => {
        open += 1;
        round(deadline.signal).then(resolve, (error) => {
          open -= 1;
          if (open === 0) reject(error);
        });
      };
      timer = setInterval(begin, roundMs);
      begin();
    });
  } finally {
    clearInterval(timer);
    deadline.end();
  }
}

async function managersAt(host: DockerHost, addresses: Addresses, signal: AbortSignal): Promise<readonly Manager[]> {
  if ('socketPath' in host) return [managerAt(host)];
  const found = await addresses(host.host, signal);
  return found.slice(0, mostAddresses).map((address) => managerAt(host, address));
}

type Addresses = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

/** A name has one look-up at a time. If DNS fails or hangs, the addresses from before apply. */
function createAddresses(resolve: Resolve): Addresses {
  const underWay = new Map<string, Promise<readonly string[]>>();
  const known = new Map<string, readonly string[]>();
  const lookUp = async (name: string): Promise<readonly string[]> => {
    try {
      const found = await resolve(name);
      known.set(name, found);
      return found;
    } finally {
      underWay.delete(name);
    }
  };
  return async (name, signal) => {
    const asked = underWay.get(name) ?? lookUp(name);
    underWay.set(name, asked);
    const before = known.get(name);
    if (before === undefined) return abortable(asked, signal);
    const deadline = startDeadline(roundMs, signal);
    return abortable(asked, deadline.signal)
      .catch(() => before)
      .finally(deadline.done);
  };
}
