import { expect } from 'vitest';
import { createNginxChecker } from '../../support/nginx-check.ts';
import type { NginxChecker } from '../../support/nginx-check.ts';
import { forOlderNginx } from '../../support/older-nginx.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { combine } from '../../attack/judge-sets.ts';
import { inChunks } from '../../attack/take-sets.ts';
import { inRealLayout } from '../../support/real-layout.ts';

/** The newest and the oldest nginx, in this order. */
export function bothNginx(): Promise<readonly NginxChecker[]> {
  const engine = providedEngine();
  return Promise.all([createNginxChecker(engine, '1.30'), createNginxChecker(engine, '1.22')]);
}

/** Expects both versions of nginx to accept each file without an error. */
export async function acceptedByNginx([newest, oldest]: readonly NginxChecker[], contents: readonly string[]): Promise<void> {
  const older = contents.map(forOlderNginx);
  const verdicts = await Promise.all([newest?.testMany(contents.map(inRealLayout)), oldest?.testMany(older.map(inRealLayout))]);
  for (const { ok, output } of verdicts.flatMap((some) => some ?? [])) {
    expect(output.replace(/conflicting server name "(localhost|meet-gen\.invalid)"/g, '')).not.toMatch(/\[(error|crit|alert|emerg)\]/);
    expect(ok, output).toBe(true);
  }
}

const filesPerCheck = 200;

/** Checks many files, 200 in one configuration. */
export async function acceptedTogether(checkers: readonly NginxChecker[], contents: readonly string[]): Promise<void> {
  await acceptedByNginx(checkers, inChunks(contents, filesPerCheck).map(combine));
}
