import type { Images } from '../../support/engine/stand-ins.ts';
import { composeProjectName } from '../../support/engine/test-run.ts';
import type { EngineApi } from './engine-api.ts';
import { labelsOf } from './place.ts';

/** Running containers of another Meet, which only exist. */
export interface Neighbours {
  readonly project: string;
  /** Adds running ones until there are so many. */
  growTo(count: number): Promise<void>;
  /** The id of one of them. */
  one(): string;
  remove(): Promise<void>;
}

const atOnce = 4;

export function createNeighbours(api: EngineApi, images: Images): Neighbours {
  const project = composeProjectName('bench-beside');
  const ids: string[] = [];
  const add = async (number: number): Promise<void> => {
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
    });
    ids.push(id);
    await api.call('POST', `/containers/${id}/start`);
  };
  return {
    project,
    async growTo(count) {
      const numbers = Array.from({ length: count - ids.length }, (_, index) => ids.length + index + 1);
      await inTurns(numbers, add);
    },
    one: () => ids[0] ?? '',
    remove: () => inTurns(ids, (id) => api.call('DELETE', `/containers/${id}?force=1&v=1`)),
  };
}

/** A few at once, one after the other. */
async function inTurns<Item>(items: readonly Item[], act: (item: Item) => Promise<unknown>): Promise<void> {
  const rest = [...items];
  const work = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
