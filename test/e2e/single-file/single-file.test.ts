import { chmod, chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logMessages } from '../../../src/util/log-messages.ts';
import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { provideMeetGenImage } from '../../support/meet-stack.ts';
import { isWhole } from '../../support/published-file.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { findSocket } from '../image/mounted-socket.ts';
import { startSmallMeet, type SmallMeet } from '../image/small-meet.ts';

// The layout of the hand-written file: a single file of the host, mounted in the frontend and in meet-gen.

const engine = providedEngine();
const images = providedImages();
const imageUser = 1000;

let folder = '';
let file = '';
let meet: SmallMeet;
let access: readonly string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mg-'));
  await chmod(folder, 0o755);
  file = join(folder, 'nginx-routing.conf');
  await writeFile(file, '');
  await chmod(file, 0o644);
  const socket = await findSocket(engine, images);
  const out = ['--env', 'MEET_GEN_OUT=/nginx-routing.conf', '--env', 'MEET_GEN_VERIFY_TIMEOUT=1s'];
  access = ['--volume', `${socket.path}:/var/run/docker.sock`, '--group-add', socket.groupId, ...out];
  meet = await startSmallMeet(engine, images, await provideMeetGenImage(engine), 'single-file', file);
});
afterAll(async () => {
  await meet?.remove();
  await rm(folder, { recursive: true });
});

const servers = async (): Promise<readonly string[]> => [...new Set((await readFile(file, 'utf8')).match(/server \S+:8000 /g))];
const seenByFrontend = (): Promise<string> => docker(engine, ['exec', `${meet.name}-frontend-1`, 'cat', '/etc/nginx/conf.d/routing.conf']);
const ended = (container: string): Promise<string> =>
  waitUntil('the container has ended', async () => {
    const [state, code] = (await docker(engine, ['inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', container]))
      .trim()
      .split(' ');
    return state === 'exited' && code;
  });

test('refuses a file that it can’t write, or a missing place for its own files, and names the fix', async () => {
  const stranger = await meet.startMeetGen([...access, '--tmpfs', '/tmp', '--user', '4711:4711']);
  expect(await ended(stranger)).toBe('2');
  const { uid } = await stat(file);
  expect(await meet.log(stranger)).toContain(
    `/nginx-routing.conf is not writable for user 4711; make that user its owner (chown 4711 on the host), or run meet-gen as its owner (user: "${uid}" in compose)`,
  );
  const readOnly = await meet.startMeetGen([...access, '--user', `${uid}`]);
  expect(await ended(readOnly)).toBe('2');
  expect(await meet.log(readOnly)).toContain("add this line to meet-gen's service in compose: tmpfs: [/tmp]");
});

test('follows in the same mounted file, also beside a second meet-gen', async () => {
  const asRoot = process.getuid?.() === 0;
  if (asRoot) await chown(file, imageUser, imageUser);
  const user = ['--user', asRoot ? `${imageUser}:${imageUser}` : `${process.getuid?.()}:${process.getgid?.()}`];
  const { ino } = await stat(file);
  const meetGen = await meet.startMeetGen([...access, ...user, '--tmpfs', '/tmp']);
  await meet.waitUntilRouted();
  await meet.waitForHealth(meetGen, 'healthy');

  // The second meet-gen can't see the first socket from its container. Both render the same bytes, so they don't
  // conflict.
  const second = await meet.startMeetGen([...access, ...user, '--tmpfs', '/tmp']);
  await meet.waitForHealth(second, 'healthy');
  // meet-gen is healthy before the routes are live, and a late first report would list all routes.
  for (const one of [meetGen, second])
    await waitUntil('meet-gen logs that its first routes are live', async () =>
      (await meet.log(one)).includes(`"${logMessages.routesLive.message}"`),
    );
  const backend = await meet.start(['--label', 'meet.role=backend', '--label', `meet.instance=${meet.name}`], images.backend);
  await waitUntil('the file has the new backend', async () => (await servers()).length === 2);
  await waitUntil('both log that the new backend is live', async () =>
    (await Promise.all([meetGen, second].map((one) => meet.log(one)))).every((log) => /"changes":\["\+ [^"]*:8000"\]/.test(log)),
  );
  await docker(engine, ['kill', second]);
  expect((await docker(engine, ['exec', meetGen, 'meet-gen', 'drain', backend.slice(0, 12)])).trim()).toContain('out, it can be stopped');
  expect(await servers()).toHaveLength(1);
  await docker(engine, ['kill', backend]);
  await meet.waitUntilRouted();

  expect((await stat(file)).ino).toBe(ino);
  const content = await readFile(file, 'utf8');
  expect(isWhole(content)).toBe(true);
  expect(await seenByFrontend()).toBe(content);
  const log = await meet.log(meetGen);
  expect(log.match(/"code":"single-file-out"/g)).toHaveLength(1);
});
