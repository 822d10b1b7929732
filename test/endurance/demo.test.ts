import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repository } from '../support/docs/pages.ts';
import { tryBlock } from '../support/docs/run-block.ts';
import { providedEngine } from '../providers/engine/provided.ts';
import { copyRepository } from '../e2e/docs/user.ts';

// The README's command for the demo, in a fresh copy of the repository with the packages of this one. Run no other test
// at the same time: a single slow request makes the demo fail.

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'meet-gen-demo-'));
  copyRepository(folder);
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('every proof holds', { timeout: 180_000 }, async () => {
  // The demo removes everything of its run at the end, so its run must not be that of these tests.
  const env = { ...providedEngine().env, MEETGEN_TEST_RUN: randomBytes(4).toString('hex') };
  const place = { folder, env, rename: (text: string) => text.replace('npm ci && ', '') };
  const { code, stdout, stderr } = await tryBlock(place, 'README.md', 'demo');
  expect(code, stdout.slice(-2000) + stderr).toBe(0);
  expect(stdout).toContain('Every proof held');
});
