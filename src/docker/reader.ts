import type { Inspection, ListedContainer, Network } from '../doctor/facts.ts';
import { parseEngineName } from '../model/nginx-token.ts';
import type { EngineClient } from './client.ts';
import { containersFromEngine } from './container-from-engine.ts';
import { EngineError } from './engine-error.ts';
import { inspectionFromEngine, networksFromEngine, processName } from './inspection-from-engine.ts';
import { readTar } from './tar.ts';

/** What is read from an engine to find out what is wrong: nothing is changed. Each call fails with an EngineError. */
export interface EngineReader {
  /** All containers, whatever their labels: `GET /containers/json`. */
  listAll(signal: AbortSignal): Promise<readonly ListedContainer[]>;
  /** `GET /containers/<id>/json`, without anything secret. */
  inspect(id: string, signal: AbortSignal): Promise<Inspection>;
  /** `GET /networks`. */
  networks(signal: AbortSignal): Promise<readonly Network[]>;
  /** The texts of the files below a folder, by their path in it; none where there is no such folder. `GET /containers/<id>/archive`. */
  readFiles(id: string, folder: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** The name of a container's process, undefined where it isn't told: `GET /containers/<id>/top`. */
  processName(id: string, pid: number, signal: AbortSignal): Promise<string | undefined>;
}

const maxListBytes = 64 * 1024 ** 2;
const maxAnswerBytes = 4 * 1024 ** 2;

/** Reads through a client. */
export function createEngineReader(client: Pick<EngineClient, 'get'>): EngineReader {
  const getJson = async <Result>(
    what: string,
    path: string,
    query: object,
    read: (answer: unknown) => Result,
    signal: AbortSignal,
  ): Promise<Result> => {
    const bytes = await client.get({ what, path, query, maxBytes: path === '/containers/json' ? maxListBytes : maxAnswerBytes }, signal);
    try {
      return read(JSON.parse(bytes.toString('utf8')));
    } catch (cause) {
      throw notUnderstood(what, cause);
    }
  };
  return {
    listAll: (signal) => getJson('listing containers', '/containers/json', { all: true }, listedContainers, signal),
    inspect: (id, signal) => getJson('inspecting a container', `/containers/${reference(id)}/json`, {}, inspectionFromEngine, signal),
    networks: (signal) => getJson('listing networks', '/networks', {}, networksFromEngine, signal),
    async readFiles(id, folder, signal) {
      const what = `reading ${folder} in a container`;
      try {
        const bytes = await client.get(
          { what, path: `/containers/${reference(id)}/archive`, query: { path: folder }, maxBytes: maxAnswerBytes },
          signal,
        );
        const files = [...readTar(bytes)].map(([path, text]): [string, string] => [path.slice(path.indexOf('/') + 1), text]);
        return new Map(files);
      } catch (cause) {
        if (cause instanceof EngineError && cause.status === 404) return new Map();
        throw cause instanceof EngineError ? cause : notUnderstood(what, cause);
      }
    },
    processName: (id, pid, signal) =>
      getJson('listing processes', `/containers/${reference(id)}/top`, {}, (answer) => processName(answer, pid), signal),
  };
}

function listedContainers(answer: unknown): readonly ListedContainer[] {
  const containers = containersFromEngine(answer);
  const images = (answer as readonly { readonly Image?: unknown }[]).map(({ Image: image }) => (typeof image === 'string' ? image : ''));
  return containers.map((container, index) => ({ container, image: images[index] ?? '' }));
}

/** It becomes a part of a path. */
function reference(id: string): string {
  const name = parseEngineName(id);
  if (name === undefined)
    throw new EngineError('a container has an id that no engine gives', { cure: 'see what answers in place of the engine' });
  return name;
}

function notUnderstood(what: string, cause: unknown): EngineError {
  return new EngineError(
    `${what} failed: the engine's answer can't be understood (${cause instanceof Error ? cause.message : String(cause)})`,
    {
      cure: 'see whether something between meet-gen and the engine cuts answers',
      cause,
    },
  );
}
