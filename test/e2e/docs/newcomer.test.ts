import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logMessages } from '../../../src/util/log-messages.ts';
import { documentedBlock, readPage } from '../../support/docs/pages.ts';
import { runBlock, tryBlock } from '../../support/docs/run-block.ts';
import { shapeOf } from '../../support/docs/same-shape.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { runCommand } from '../../providers/run-command.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { exampleOverride } from '../example/override.ts';
import { ask, type Answer } from '../seed/ask.ts';
import { copyRepository, createUser, type User } from './user.ts';

// A newcomer in a fresh checkout follows the README, and nothing else; then the recipes, in the order of the
// documentation's map.

const limitMs = 60_000;
const api = '/api/v1.0/config/';

let user: User;
let port = 0;
/** The first command makes compose.yml. Stand-ins replace images that no test can pull. */
const files: Record<string, string | undefined> = { 'compose.yml': undefined };

beforeAll(async () => {
  const [engine, images] = [providedEngine(), providedImages()];
  user = await createUser(engine, images, 'newcomer');
  copyRepository(user.folder);
  files['stand-ins.yml'] = exampleOverride(images, user.image, user.folder, `${user.project}-outside`);
  user.use(files);
});
afterAll(() => user?.remove());
stopAtFirstFailure();

const get = (path: string): Promise<Answer | undefined> =>
  ask(port, { method: 'GET', path, headers: {}, kind: 'usual' }).catch(() => undefined);

/** Adds a recipe's text to the compose files. */
function addFile(name: string, text: string): void {
  files[name] = text;
  user.use(files);
}

/** Runs the README's `status` until it ends with 0: all routes are live. */
async function waitUntilLive(): Promise<string> {
  let last = '';
  return waitUntil(
    'all routes are live',
    async () => {
      const { code, stdout, stderr } = await tryBlock(user, 'README.md', 'look');
      last = stdout + stderr;
      // A starting backend is in rotation until a backend is ready. The README shows the status after that.
      return code === 0 && !stdout.includes('has not passed yet') && stdout;
    },
    limitMs,
    () => last,
  );
}

/** Waits until exactly `count` backends answer, with a dozen requests for each. @returns their names */
async function waitForBackends(count: number): Promise<readonly string[]> {
  return waitUntil(
    `${count} backends answer`,
    async () => {
      const seen = new Set<string | undefined>();
      for (let asked = 0; asked < 12 * count; asked += 1) seen.add((await get(api))?.fields["answer's x-backend-host"]);
      return seen.size === count && !seen.has(undefined) && [...seen].map(String).toSorted();
    },
    limitMs,
  );
}

test('installs from nothing to live routes', async () => {
  await runBlock(user, 'README.md', 'files');
  await runBlock(user, 'README.md', 'start');
  const output = await waitUntilLive();
  port = await user.port('nginx-proxy', 80);
  expect((await get(api))?.by).toBe('backend');
  expect((await get('/abc-defg-hij'))?.fields['body']).toContain('SPA of ');
  // The history comes after it, and depends on the order in which the containers started.
  const shown = shapeOf(documentedBlock('README.md', 'first status'));
  expect(shapeOf(output.replaceAll(user.project, 'meet')).slice(0, shown.length)).toEqual(shown);
});

test('follows more backends', async () => {
  await waitForBackends(1);
  expect(await runBlock(user, 'README.md', 'more backends')).toContain(`${user.project}/backend answers`);
  await waitForBackends(3);
});

test('each command for questions has an answer', async () => {
  expect(await runBlock(user, 'README.md', 'questions')).toContain('the SPA answers');
  expect(documentedBlock('docs/troubleshooting.md', 'doctor')).toBe(documentedBlock('README.md', 'doctor'));
  // Stand-ins have no certificates and no names in the DNS. The doctor's own tests check those.
  const { code, stdout, stderr } = await tryBlock(user, 'README.md', 'doctor');
  expect({ code, stderr }).toEqual({ code: 7, stderr: '' });
  expect(stdout).toContain(user.project);
});

test('shows what would change: placeholder addresses from the compose file, and no location', async () => {
  const diff = await runBlock(user, 'docs/status.md', 'what would change');
  expect(diff).toMatch(/^\+ +server 192\.0\.2\.\d+:8000 /m);
  // The location with the generation differs in every file.
  expect(diff).not.toMatch(/^[-+] +location (?!= \/meet-gen!live-)/m);
});

test('drains a replica, then stops it', async () => {
  await runBlock(user, 'README.md', 'drain and stop');
  await waitForBackends(2);
  await user.compose('up', '--detach', '--scale', 'backend=2');
  await waitForBackends(2);
});

test('replaces two backends without a failed request', async () => {
  const old = await waitForBackends(2);
  const wrong: string[] = [];
  const over = new AbortController();
  let asked = 0;
  const requests = (async () => {
    while (!over.signal.aborted) {
      const answer = await get(api);
      asked += 1;
      if (answer?.by !== 'backend' || answer.fields['status'] !== '200') wrong.push(JSON.stringify(answer));
    }
  })();
  try {
    await runBlock(user, 'docs/rolling-updates.md', 'replace two');
  } finally {
    over.abort();
    await requests;
  }
  const young = await waitForBackends(2);
  expect(young.filter((one) => old.includes(one))).toEqual([]);
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(20);
});

test('the script finds the replicas of the file up to date', async () => {
  addFile('number.yml', documentedBlock('docs/rolling-updates.md', 'the number'));
  await user.compose('up', '--detach');
  const before = await waitForBackends(3);
  expect(await runBlock(user, 'docs/rolling-updates.md', 'the script')).toContain('backend: all replicas are up to date.');
  expect(await waitForBackends(3)).toEqual(before);
  delete files['number.yml'];
  user.use(files);
  await user.compose('up', '--detach', '--scale', 'backend=2');
  await waitForBackends(2);
});

test("includes a user's snippet", async () => {
  mkdirSync(join(user.folder, 'snippets'));
  writeFileSync(join(user.folder, 'snippets/robots.conf'), documentedBlock('docs/recipes/own-template.md', 'robots.conf'));
  addFile('snippets.yml', documentedBlock('docs/recipes/own-template.md', 'snippets'));
  await runBlock(user, 'docs/recipes/own-template.md', 'read snippets');
  const robots = await waitUntil('the snippet answers robots.txt', async () => {
    const answer = await get('/robots.txt');
    return answer?.fields['status'] === '200' && !answer.fields['body']?.includes('SPA') && answer;
  });
  expect(robots.fields).toMatchObject({ body: 'User-agent: *\nDisallow: /\n', "answer's content-type": 'text/plain; charset=utf-8' });
});

test("renders a user's template", async () => {
  const recipe = (name: string): Promise<string> => runBlock(user, 'docs/recipes/own-template.md', name);
  await recipe('take the template');
  await recipe('change the template');
  expect(await recipe('try the template')).toContain('\n    add_header X-Robots-Tag noindex always;\n');
  addFile('template.yml', documentedBlock('docs/recipes/own-template.md', 'use the template'));
  await user.compose('up', '--detach', 'meet-gen');
  await waitUntil('the template is live', async () => (await get(api))?.fields["answer's x-robots-tag"] === 'noindex', limitMs);
  await waitUntilLive();
  expect(await recipe('start with it')).toBe('');
});

test('operations: log level, update, restart, resync', async () => {
  addFile('log-level.yml', documentedBlock('docs/operations.md', 'log level'));
  await runBlock(user, 'docs/operations.md', 'update');
  await waitUntilLive();
  await user.compose('up', '--detach', '--scale', 'backend=3');
  await waitForBackends(3);
  const isLogged = async (): Promise<boolean> =>
    (await user.compose('logs', 'meet-gen')).includes(`"msg":"${logMessages.fileDiff.message}"`);
  await waitUntil('the diff of the file is logged', isLogged);
  await waitUntilLive();
  const before = await countReloads();
  for (const block of ['restart', 'resync']) {
    await runBlock(user, 'docs/operations.md', block);
    await waitUntilLive();
  }
  expect(await countReloads()).toBe(before);
  expect((await get(api))?.by).toBe('backend');
});

test('operations: renders everything again after the volume is lost', async () => {
  await runBlock(user, 'docs/operations.md', 'lose the volume');
  await waitUntilLive();
  await waitUntil('the API answers', async () => (await get(api))?.by === 'backend', limitMs);
});

test('hardened: a script in the frontend reloads, without a signal', async () => {
  // The tests set COMPOSE_FILE themselves, in place of the user's line in .env.
  const line = 'COMPOSE_FILE=compose.yml:compose.hardened.yml';
  expect(readPage('docs/hook.md')).toContain(`\`${line}\``);
  appendFileSync(join(user.folder, '.env'), `\n${line}\n`);
  files['compose.hardened.yml'] = undefined;
  user.use(files);
  await runBlock(user, 'docs/hook.md', 'hardened');
  const { env, folder } = user;
  const config = await runCommand(providedEngine().dockerCli, ['compose', 'config'], {
    env: { ...env, COMPOSE_FILE: undefined },
    cwd: folder,
  });
  expect(config).toContain('MEET_GEN_RELOAD: hook');
  await waitUntilLive();
  port = await user.port('nginx-proxy', 80);
  await user.compose('up', '--detach', '--scale', 'backend=4');
  await waitForBackends(4);
  expect(await user.compose('logs', '--no-log-prefix', 'docker-proxy')).not.toContain('"method":"POST"');
});

test('operations: removes every container', async () => {
  await runBlock(user, 'docs/operations.md', 'remove');
  expect(await user.compose('ps', '--all', '--quiet')).toBe('');
});

/** Counts nginx's reloads in its log. */
async function countReloads(): Promise<number> {
  return (await user.compose('logs', '--no-log-prefix', 'frontend')).split('\n').filter((line) => line.includes('reconfiguring')).length;
}
