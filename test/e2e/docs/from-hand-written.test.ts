import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentedBlock } from '../../support/docs/pages.ts';
import { readDiff, type BeforeAndAfter } from '../../support/docs/read-diff.ts';
import { runBlock, tryBlock } from '../../support/docs/run-block.ts';
import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { runLabel } from '../../providers/engine/test-run.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { ask, type Answer } from '../seed/ask.ts';
import { copyRepository, createUser, type User } from './user.ts';

// A Meet with the guide's nginx-routing.conf moves to labels by the recipe's diff and commands, and goes back.

const engine = providedEngine();
const images = providedImages();
const page = 'docs/recipes/from-hand-written.md';
const limitMs = 60_000;
const api = '/api/v1.0/config/';

let user: User;
let compose: BeforeAndAfter;

beforeAll(async () => {
  user = await createUser(engine, images, 'by-hand');
  await docker(engine, ['network', 'create', '--label', runLabel, `${user.project}-proxy`]);
  writeFileSync(join(user.folder, 'nginx-routing.conf'), readFileSync(new URL('../seed/nginx-routing.conf', import.meta.url)));
  mkdirSync(join(user.folder, 'meet-gen'));
  copyRepository(join(user.folder, 'meet-gen'));
});
afterAll(async () => {
  await user?.remove();
  await docker(engine, ['network', 'rm', `${user.project}-proxy`]);
});
stopAtFirstFailure();

/** The tests' images, a published port, and this run's name for the proxy's network. */
function standIns(meetGen: string): string {
  return `
services:
  frontend: { image: "${images.frontend['1.30']}", ports: ["${engine.publishAddress}::8083"] }
  backend: { image: "${images.backend}" }
  ${meetGen}
networks:
  proxy: { name: "${user.project}-proxy" }
`;
}

const ownImage = (): string => `meet-gen: { image: "${user.image}", build: { labels: ["${runLabel}"] } }`;

/** Sends a GET to the frontend, which gets another port each time it is recreated. */
async function get(path: string): Promise<Answer | undefined> {
  const port = await user.port('frontend', 8083);
  return ask(port, { method: 'GET', path, headers: {}, kind: 'usual' }).catch(() => undefined);
}

async function waitForApi(): Promise<void> {
  await waitUntil('the API answers', async () => (await get(api))?.by === 'backend', limitMs);
  expect((await get('/abc-defg-hij'))?.fields['body']).toContain('SPA of ');
}

test('starts a Meet by the guide', async () => {
  const group = (await runBlock(user, page, "the socket's group")).trim();
  expect(group).toMatch(/^\d+$/);
  compose = readDiff(user.rename(documentedBlock(page, 'install')).replace('["999"]', `["${group}"]`));
  user.use({ 'compose.yml': compose.before, 'stand-ins.yml': standIns('') });
  await user.compose('up', '--detach');
  await waitForApi();
  // The hand-written file sends a room whose name begins like a path to the backend.
  expect((await get('/api-abcd-efg'))?.fields['status']).toBe('404');
});

test('prints the routes beforehand, and changes nothing', async () => {
  user.use({ 'compose.yml': compose.after, 'stand-ins.yml': standIns(ownImage()) });
  const { code, stdout, stderr } = await tryBlock(user, page, 'look before');
  expect(code, stderr).toBe(0);
  expect(stdout).toContain(`# routing.conf of ${user.project}, written by meet-gen.`);
  expect((await get('/api-abcd-efg'))?.fields['status']).toBe('404');
});

test('serves the routes from labels after the diff and one command', async () => {
  await runBlock(user, page, 'go');
  let last = '';
  await waitUntil(
    'all routes are live',
    async () => {
      const { code, stdout, stderr } = await tryBlock(user, page, 'is it live');
      last = stdout + stderr;
      return code === 0 && stdout.includes(': all routes are live');
    },
    limitMs,
    () => last,
  );
  await waitForApi();
  expect((await get('/api-abcd-efg'))?.fields['body']).toContain('SPA of ');
});

test('follows new containers', async () => {
  await runBlock(user, page, 'new addresses');
  const seen = new Set<string | undefined>();
  await waitUntil(
    'two backends answer',
    async () => {
      seen.add((await get(api))?.fields["answer's x-backend-host"]);
      seen.delete(undefined);
      return seen.size === 2;
    },
    limitMs,
  );
});

test('goes back to the hand-written file', async () => {
  user.use({ 'compose.yml': compose.before, 'stand-ins.yml': standIns('') });
  await runBlock(user, page, 'the way back');
  await waitForApi();
  expect((await get('/api-abcd-efg'))?.fields['status']).toBe('404');
  expect(await user.compose('ps', '--all', '--services')).not.toContain('meet-gen');
});
