import { describe, expect, it } from 'vitest';
import type { Container } from '../../src/model/container.ts';
import { forOlderNginx } from '../support/older-nginx.ts';
import { seededRandom, shuffled } from '../support/seeded-random.ts';
import { goldenCases, renderMeet } from './golden-cases.ts';

// The expected files are documentation: they show what labels do. After an intended change of the template, run
// UPDATE_GOLDEN=1 npx vitest run test/golden and read the diff. test/e2e/nginx/golden.test.ts loads the files into
// nginx.

const cases = goldenCases();
const update = process.env['UPDATE_GOLDEN'] === '1';
const shuffles = 50;

describe('golden files', () => {
  it('cover more than a dozen cases', () => {
    expect(cases.length).toBeGreaterThan(12);
  });

  describe.each(cases)('$name: $what', ({ nginx, observation, expected, update: write }) => {
    it('is rendered byte for byte', async () => {
      const content = await renderMeet(observation, nginx);
      if (update) write(content);
      expect(content).toBe(expected());
    });

    it('is the same for any order of containers, labels and networks', async () => {
      const random = seededRandom(1);
      for (let round = 0; round < shuffles; round += 1) {
        const containers = shuffled(observation.containers, random).map((one) => shuffleWithin(one, random));
        expect(await renderMeet({ ...observation, containers }, nginx), `round ${round}`).toBe(expected());
      }
    });

    it('lacks for an older nginx only the directives that nginx does not know', async () => {
      const [older, newer] = [await renderMeet(observation, 'unknown'), await renderMeet(observation, '1.30.3')].map(withoutGeneration);
      expect(forOlderNginx(newer ?? '')).toBe(older);
    });
  });
});

function shuffleWithin(one: Container, random: () => number): Container {
  return {
    ...one,
    labels: Object.fromEntries(shuffled(Object.entries(one.labels), random)),
    networks: shuffled(one.networks, random),
  };
}

function withoutGeneration(content: string): string {
  return content.replace(/(?<=return 200 "|meet-gen!live-)[0-9a-f]{16}/g, 'GENERATION');
}
