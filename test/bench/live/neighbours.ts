import type { Images } from '../../providers/engine/stand-ins.ts';
import { composeProjectName } from '../../providers/engine/test-run.ts';
import type { EngineApi } from './engine-api.ts';
import { labelsOf } from './place.ts';

/** Idle containers of another Meet. */
export interface Neighbours {
  readonly project: string;
  /** Starts containers until there are `count`. */
  growTo(count: number): Promise<void>;
  /** The id of a neighbour. */
  one(): string;
  remove(): Promise<void>;
}

const atOnce = 4;
/** An engine's network may have only 254 addresses. */
const perNetwork = 100;

export function createNeighbours(api: EngineApi, images: Images, signal: AbortSignal): Neighbours {
  const project = composeProjectName('bench-beside');
  const ids: string[] = [];
  const networks = new Set<string>();
  const networkOf = (number: number): string => `${project}_${Math.ceil(number / perNetwork)}`;
  const add = async (number: number): Promise<void> => {
    signal.throwIfAborted();
    const labels = { 'meet.role': 'backend', 'meet.paths': '/api,/admin', 'meet.read-timeout': '60s', 'meet.weight': '2' };
    const { Id: id } = await api.call<{ Id: string }>('POST', `/containers/create?name=${project}-backend-${number}`, {
      Image: images.nginx['1.30'].name,
      Entrypoint: ['sleep', 'infinity'],
      Cmd: [],
      Env: [
        'DJANGO_CONFIGURATION=Production',
        'DJANGO_SETTINGS_MODULE=meet.settings',
        'DB_HOST=postgresql',
        'REDIS_URL=redis://redis:6379/1',
      ],
      Labels: labelsOf(project, 'backend', labels),
      HostConfig: { NetworkMode: networkOf(number) },
    });
    ids.push(id);
    await api.call('POST', `/containers/${id}/start`);
  };
  return {
    project,
    async growTo(count) {
      const numbers = Array.from({ length: count - ids.length }, (_, index) => ids.length + index + 1);
      for (const name of new Set(numbers.map(networkOf)))
        if (!networks.has(name)) {
          await api.call('POST', '/networks/create', { Name: name, Labels: labelsOf(project, 'default', {}) });
          networks.add(name);
        }
      await inTurns(numbers, add);
    },
    one: () => ids[0] ?? '',
    async remove() {
      await inTurns(ids, (id) => api.call('DELETE', `/containers/${id}?force=1&v=1`));
      for (const name of networks) await api.call('DELETE', `/networks/${name}`);
    },
  };
}

/** Runs `atOnce` actions at a time. Throws the first failure after all have ended. */
async function inTurns<Item>(items: readonly Item[], act: (item: Item) => Promise<unknown>): Promise<void> {
  const rest = [...items];
  const work = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await act(item);
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, work));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
