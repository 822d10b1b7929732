import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenCases, renderMeet } from '../../golden/golden-cases.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { createNginxChecker } from '../../support/nginx-check.ts';
import type { NginxChecker } from '../../support/nginx-check.ts';
import { inRealLayout } from '../../support/real-layout.ts';

// The oldest and the newest nginx load every golden case.

const cases = goldenCases();

describe('golden files in real nginx', () => {
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
    ['1.22', '1.22.1'],
  ] as const)(
    '%s loads every case behind the stub without a warning, rendered for its version and for an unknown version',
    async (series, version) => {
      const rendered = await Promise.all(
        cases.flatMap(({ name, observation }) =>
          [version, 'unknown'].map(async (nginx) => [await renderMeet(observation, nginx), `${name} for ${nginx}`] as const),
        ),
      );
      // Most files are the same for both versions.
      const nameByContent = new Map(rendered);
      const verdicts = await checkers[series].testMany([...nameByContent.keys()].map(inRealLayout));
      const names = [...nameByContent.values()];
      for (const [index, { ok, output }] of verdicts.entries()) {
        expect(output, names[index]).not.toMatch(/\[(warn|error|crit|alert|emerg)\]/);
        expect(ok, names[index]).toBe(true);
      }
    },
  );

  it('reads the rendered file through the stub', async () => {
    const content = cases.find((one) => one.name === 'one-backend')?.expected() ?? '';
    const { output } = await checkers['1.30'].dump(inRealLayout(content));
    expect(output).toContain('upstream meet_meet.backend');
    expect(output).toContain('meet-gen.invalid');
  });

  it('refuses a file with a mistake', async () => {
    const content = cases[0]?.expected() ?? '';
    const [broken] = await checkers['1.30'].testMany([inRealLayout(`${content}\nupstream empty {}\n`)]);
    expect(broken?.ok).toBe(false);
    expect(broken?.output).toContain('no servers are inside upstream');
  });
});
