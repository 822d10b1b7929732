import type { Inspection, ListedContainer, Network } from '../facts/facts.ts';
import { parseEngineName } from '../../nginx/token.ts';
import { answerLimits } from '../../source/docker/answer-limits.ts';
import { parseBoundedJson } from '../../source/docker/bounded-json.ts';
import type { EngineProfile } from '../../source/docker/engine-profile.ts';
import type { EngineClient } from '../../source/docker/engine-client.ts';
import { containersFromEngine } from '../../source/docker/container-from-engine.ts';
import { answerUnreadable } from '../../source/docker/engine-failure.ts';
import { EngineError } from '../../source/engine-error.ts';
import { recordOf, textOf } from '../../source/docker/json-fields.ts';
import { inspectionFromEngine, networksFromEngine, processName } from './inspection-from-engine.ts';
import { readTar } from './read-tar.ts';

/** The doctor's calls to an engine, which only read. Each call fails with an EngineError. */
export interface EngineReader {
  /** Lists all containers, with any labels: `GET /containers/json`. */
  listAll(signal: AbortSignal): Promise<readonly ListedContainer[]>;
  /** `GET /containers/<id>/json`, without the secrets. */
  inspect(id: string, signal: AbortSignal): Promise<Inspection>;
  /** `GET /networks`. */
  networks(signal: AbortSignal): Promise<readonly Network[]>;
  /**
   * The texts of the files below a folder, by relative path; empty if the folder is missing. `GET
   * /containers/<id>/archive`.
   */
  readFiles(id: string, folder: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** The name of a container's process; undefined if the list doesn't have the process: `GET /containers/<id>/top`. */
  processName(id: string, pid: number, signal: AbortSignal): Promise<string | undefined>;
}

export function createEngineReader(client: Pick<EngineClient, 'get' | 'profile'>): EngineReader {
  const getJson = async <Result>(
    what: string,
    path: string,
    query: object,
    read: (answer: unknown) => Result,
    signal: AbortSignal,
  ): Promise<Result> => {
    const limit = path === '/containers/json' ? answerLimits.list : answerLimits.json;
    const bytes = await client.get({ what, path, query, limit }, signal);
    try {
      return read(parseBoundedJson(bytes));
    } catch (cause) {
      throw answerUnreadable(what, cause);
    }
  };
  return {
    listAll: (signal) =>
      getJson('listing containers', '/containers/json', { all: true }, (answer) => listedContainers(answer, client.profile()), signal),
    inspect: (id, signal) => getJson('inspecting a container', `/containers/${reference(id)}/json`, {}, inspectionFromEngine, signal),
    networks: (signal) => getJson('listing networks', '/networks', {}, networksFromEngine, signal),
    async readFiles(id, folder, signal) {
      const what = `reading ${folder} in a container`;
      try {
        const path = `/containers/${reference(id)}/archive`;
        const bytes = await client.get({ what, path, query: { path: folder }, limit: answerLimits.files }, signal);
        const files = [...(await readTar(bytes))].map(([file, text]): [string, string] => [file.slice(file.indexOf('/') + 1), text]);
        return new Map(files);
      } catch (cause) {
        if (cause instanceof EngineError && cause.status === 404) return new Map();
        throw answerUnreadable(what, cause);
      }
    },
    processName: (id, pid, signal) =>
      getJson('listing processes', `/containers/${reference(id)}/top`, {}, (answer) => processName(answer, pid), signal),
  };
}

/** Leaves out containers with an unreadable entry. */
function listedContainers(answer: unknown, profile: EngineProfile): readonly ListedContainer[] {
  const containers = containersFromEngine(answer, profile).filter(({ unreadable }) => unreadable === undefined);
  const images = new Map((answer as readonly unknown[]).map(recordOf).map(({ Id: id, Image: image }) => [id, textOf(image)]));
  return containers.map((container) => ({ container, image: images.get(container.id) ?? '' }));
}

/** The id as a part of a path. */
function reference(id: string): string {
  const name = parseEngineName(id);
  if (name === undefined)
    throw new EngineError('the engine lists a container with an invalid id', {
      cure: 'check that a Docker engine answers at that address',
    });
  return name;
}
