import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Container, Observation } from '../../src/model/container.ts';
import { createNginxChecker } from '../support/nginx-check.ts';
import type { NginxChecker } from '../support/nginx-check.ts';
import { providedEngine } from '../providers/engine/provided.ts';
import { inRealLayout } from '../support/real-layout.ts';
import { renderWorld } from '../support/render-world.ts';
import { seededRandom, shuffled } from '../support/seeded-random.ts';
import { goldenCases } from './golden-cases.ts';

// The expected files are meant to be read: they are the documentation of what labels do. After a wanted change of the
// template: UPDATE_GOLDEN=1 npx vitest run --project engine test/golden, then read the diff.

const cases = goldenCases();
const update = process.env['UPDATE_GOLDEN'] === '1';
const shuffles = 50;

async function renderMeet(observation: Observation, nginx: string): Promise<string> {
  const { files } = await renderWorld(observation, nginx);
  const content = files.get('meet');
  if (content === undefined) throw new Error('the case has no frontend of the instance meet');
  return content;
}

describe('golden files', () => {
  it('are more than a dozen', () => {
    expect(cases.length).toBeGreaterThan(12);
  });

  describe.each(cases)('$name: $what', ({ nginx, observation, expected, update: write }) => {
    it('is rendered byte for byte', async () => {
      const content = await renderMeet(observation, nginx);
      if (update) write(content);
      expect(content).toBe(expected());
    });

    it('is the same whatever the order of containers, labels and networks', async () => {
      const random = seededRandom(1);
      for (let round = 0; round < shuffles; round += 1) {
        const containers = shuffled(observation.containers, random).map((one) => shuffleWithin(one, random));
        expect(await renderMeet({ ...observation, containers }, nginx), `round ${round}`).toBe(expected());
      }
    });

    it('differs for an older nginx only by the one directive that it does not know', async () => {
      const [older, newer] = [await renderMeet(observation, 'unknown'), await renderMeet(observation, '1.30.3')].map(withoutGeneration);
      expect(newer?.replace(/^ *keepalive_min_timeout 2s;.*\n/m, '')).toBe(older);
    });
  });
});

describe('real nginx', () => {
  let checkers: { readonly '1.30': NginxChecker; readonly '1.22': NginxChecker };
  beforeAll(async () => {
    const engine = providedEngine();
    const [newest, oldest] = await Promise.all([createNginxChecker(engine, '1.30'), createNginxChecker(engine, '1.22')]);
    checkers = { '1.30': newest, '1.22': oldest };
  });
  afterAll(async () => {
    await Promise.all(Object.values(checkers).map((checker) => checker.close()));
  });

  it.each([
    ['1.30', '1.30.3'],
    ['1.30', 'unknown'],
    ['1.22', '1.22.1'],
    ['1.22', 'unknown'],
  ] as const)('%s loads every case, rendered for version %s, behind the stub, without a warning', async (series, version) => {
    const rendered = await Promise.all(cases.map((one) => renderMeet(one.observation, version)));
    const verdicts = await checkers[series].testMany(rendered.map(inRealLayout));
    for (const [index, { ok, output }] of verdicts.entries()) {
      const name = cases[index]?.name;
      expect(output, name).not.toMatch(/\[(warn|error|crit|alert|emerg)\]/);
      expect(ok, name).toBe(true);
    }
  });

  it('really reads the rendered file, through the stub', async () => {
    const content = cases.find((one) => one.name === 'one-backend')?.expected() ?? '';
    const { output } = await checkers['1.30'].dump(inRealLayout(content));
    expect(output).toContain('upstream meet_meet.backend');
    expect(output).toContain('meet-gen.invalid');
  });

  it('would refuse a file with a mistake', async () => {
    const content = cases[0]?.expected() ?? '';
    const [broken] = await checkers['1.30'].testMany([inRealLayout(`${content}\nupstream empty {}\n`)]);
    expect(broken?.ok).toBe(false);
    expect(broken?.output).toContain('no servers are inside upstream');
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
  return content.replace(/return 200 "[0-9a-f]{16} /, 'return 200 "GENERATION ');
}
