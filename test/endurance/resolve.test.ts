import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../providers/engine/provided.ts';
import type { Load } from '../support/load/start-load.ts';
import { gthread } from '../support/rolling/backend-servers.ts';
import { replaceBackends, type Removed } from '../support/rolling/replace.ts';
import { startRollingMeet, type RollingMeet } from '../support/rolling/rolling-meet.ts';
import { measureLoad } from '../support/rolling/under-load.ts';

// The simpler way to the same end: the seed's hand-written file, with names that nginx itself asks for again (1.27.3 and newer).
// Its figures are printed, for docs/rolling-updates.md; only ours are judged.

const requestsOfEach = 20_000;
const requestsBetween = 2000;
const replacements = 3;

const seed = readFileSync(new URL('../e2e/seed/nginx-routing.conf', import.meta.url), 'utf8');
const resolving = seed
  .replace(
    /server (backend:8000) fail_timeout=0;/,
    'zone meet_backend 64k; resolver 127.0.0.11 valid=1s; server $1 fail_timeout=0 resolve;',
  )
  .replace('listen 8083;', 'listen 8083; access_log off;');

describe.sequential.each([
  { server: 'gunicorn with sync workers', backend: {} },
  { server: 'gunicorn with threads', backend: gthread(2) },
])('$server', ({ backend }) => {
  describe.sequential.each([
    { contender: 'resolve', options: { handWritten: resolving }, mayLose: true },
    { contender: 'meet-gen', options: {}, mayLose: false },
  ])('$contender', ({ contender, options, mayLose }) => {
    let rolling: RollingMeet;
    const part = `${contender}-${'environment' in backend ? 'gthread' : 'sync'}`;

    beforeAll(async () => {
      rolling = await startRollingMeet(providedEngine(), part, { backends: 2, backend, ...options });
    });
    afterAll(() => rolling?.meet.down());

    const measured = async (name: string, act: (load: Load) => Promise<readonly Removed[]>): Promise<void> => {
      const { summary } = await measureLoad(rolling, { name: `${part}-${name}`, requestsOfEach, act });
      if (!mayLose) expect(summary.failed.GET).toBe(0);
    };

    test('both are replaced by a bare stop', () =>
      measured('stopped', async (load) => {
        for (let round = 0; round < replacements; round++) {
          await load.more(requestsBetween);
          await replaceBackends(rolling);
        }
        return [];
      }));

    test('one of two is killed', () =>
      measured('killed', async (load) => {
        const [name = ''] = await rolling.backends();
        await load.more(requestsBetween);
        await rolling.meet.docker('kill', rolling.meet.container(name));
        return [];
      }));
  });
});
