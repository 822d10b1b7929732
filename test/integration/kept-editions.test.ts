import { cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { addService, problemCodes, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

const shipped = fileURLToPath(new URL('../../templates', import.meta.url));
/** Written by meet-gen 0.1.0, which stored templates too. These templates leave a file if they are compiled. */
const older = fileURLToPath(new URL('fixtures/editions-with-templates.json', import.meta.url));

interface Kept {
  readonly format: number;
  readonly good?: { readonly templates: unknown };
  readonly refused: readonly { readonly key: string }[];
}

const keptFile = ({ out }: Scene): string => join(out, 'meet', '.editions.json');
const readKept = async (scene: Scene): Promise<Kept> => JSON.parse(await readFile(keptFile(scene), 'utf8')) as Kept;

async function meetOf(scene: Scene): Promise<void> {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
}

test.concurrent('templates that an older meet-gen stored are never run, and its data is still used', async ({ scene }) => {
  await meetOf(scene);
  const trace = join(scene.folder, 'trace');
  await mkdir(join(scene.out, 'meet'));
  await writeFile(keptFile(scene), (await readFile(older, 'utf8')).replaceAll('TRACE', trace));
  const run = scene.run();
  await scene.converged();
  await expect(stat(trace)).rejects.toThrow('ENOENT');
  await waitUntil('only data is stored', async () => (await readKept(scene)).format === 3);
  await expect(stat(trace)).rejects.toThrow('ENOENT');
  const text = await readFile(keptFile(scene), 'utf8');
  expect(text).not.toContain('<%');
  expect((JSON.parse(text) as Kept).refused.map(({ key }) => key)).toEqual(['0'.repeat(64)]);
  expect(run.logged('lastGoodUnreadable')).toEqual([]);
  expect((await scene.status()).problems).toEqual([]);
});

test.concurrent('the stored state has no template', async ({ scene }) => {
  await meetOf(scene);
  scene.run();
  await scene.converged();
  await waitUntil('the state is stored', () => readKept(scene).catch(() => undefined));
  const { good } = await readKept(scene);
  expect(good?.templates).toMatch(/^[0-9a-f]{16}$/);
  expect(await readFile(keptFile(scene), 'utf8')).not.toContain('<%');
});

test.concurrent('the published file stays after a restart with a broken template, and a problem is reported until the fix', async ({
  scene,
}) => {
  await meetOf(scene);
  const directory = join(scene.folder, 'templates');
  await cp(shipped, directory, { recursive: true });
  const main = join(directory, 'routing.conf.eta');
  const text = await readFile(main, 'utf8');
  const first = scene.run(['--templates', directory]);
  await scene.converged();
  await waitUntil('the state is stored', () => readKept(scene).catch(() => undefined));
  await first.stop();
  const before = await scene.fileIdentity();
  await writeFile(main, '<% if');
  scene.backend('backend-2', 21);
  const second = scene.run(['--templates', directory]);
  const { problems } = await waitForStatus(scene, 'the broken template is reported', ({ problems: all }) =>
    all.some(({ code, instance }) => code === 'template-broken' && instance === 'meet'),
  );
  expect(problems.find(({ instance }) => instance === 'meet')?.message).toContain(
    'its published file stays unchanged and its addresses are not updated',
  );
  expect(await scene.fileIdentity()).toBe(before);
  await writeFile(main, text);
  await scene.serves(`${scene.address(21)}:8000`);
  await waitUntil('the problem is resolved', () => problemCodes(second, 'problemResolved').includes('template-broken'));
});

test.concurrent('the published file stays after a restart with a refused template', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  const directory = join(scene.folder, 'templates');
  await cp(shipped, directory, { recursive: true });
  const main = join(directory, 'routing.conf.eta');
  const text = await readFile(main, 'utf8');
  const first = scene.run(['--templates', directory]);
  await scene.converged();
  nginx.behaviour.refuseText = '# bad';
  await writeFile(main, `# bad\n${text}`);
  await waitUntil('the refusal is stored', async () => (await readKept(scene)).refused.length > 0);
  await waitUntil('the good file is back', async () => !(await scene.content()).includes('# bad'));
  await first.stop();
  const before = await scene.fileIdentity();
  scene.backend('backend-2', 21);
  scene.run(['--templates', directory]);
  await waitForStatus(scene, 'the refusal is reported', ({ problems }) => problems.some(({ code }) => code === 'reload-rejected'));
  expect(await scene.fileIdentity()).toBe(before);
  await writeFile(main, text);
  await scene.serves(`${scene.address(21)}:8000`);
});

test.concurrent('the refused part is found with the good edition, also after a restart', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  const first = scene.run();
  await scene.converged();
  await waitUntil('the state is stored', () => readKept(scene).catch(() => undefined));
  await first.stop();
  nginx.behaviour.refuseText = 'upstream meet_meet.bad';
  addService(scene, 'bad', 30);
  addService(scene, 'fine', 31);
  scene.run();
  await waitUntil('the rest is published', async () => {
    const content = await scene.content();
    return content.includes('location ^~ /fine/') && !content.includes('upstream meet_meet.bad');
  });
  expect(nginx.generation()).not.toBe('none');
});
