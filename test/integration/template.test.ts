import { writeFileSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { editSettlesMs } from '../../src/render/template-store.ts';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

const shipped = fileURLToPath(new URL('../../templates', import.meta.url));

/** Makes chokidar poll once an hour, so that it reports no edit. */
const deafWatch = { CHOKIDAR_USEPOLLING: '1', CHOKIDAR_INTERVAL: '3600000' };

interface OwnTemplates {
  readonly directory: string;
  readonly flags: readonly string[];
  /** Replaces the main template by a change of the shipped one. */
  edit(change: (text: string) => string): void;
  /**
   * Replaces the template like `edit`, with an empty file in between. Blocks the other tests meanwhile.
   * @returns for how many milliseconds at most the file was empty
   */
  editInTwoSteps(change: (text: string) => string): number;
}

async function ownTemplates({ folder }: Scene): Promise<OwnTemplates> {
  const directory = join(folder, 'templates');
  await cp(shipped, directory, { recursive: true });
  const main = join(directory, 'routing.conf.eta');
  const text = await readFile(main, 'utf8');
  return {
    directory,
    flags: ['--templates', directory],
    // Synchronous, since work of other tests in between would leave the file empty for longer.
    edit: (change) => writeFileSync(main, change(text)),
    editInTwoSteps(change) {
      const start = performance.now();
      writeFileSync(main, '');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      writeFileSync(main, change(text));
      return performance.now() - start;
    },
  };
}

test.concurrent('renders, publishes and proves an edited template', async ({ scene }) => {
  const templates = await ownTemplates(scene);
  const nginx = await scene.frontend('frontend');
  scene.run(templates.flags);
  await scene.converged();
  const before = nginx.generation();
  templates.edit((text) => `# edited\n${text}`);
  await scene.serves('# edited');
  expect(nginx.generation()).not.toBe(before);
  templates.edit((text) => text);
  await scene.stopsServing('# edited');
  expect(nginx.generation()).toBe(before);
});

test.concurrent('proves a template without the location for visitors on the status port, with a notice', async ({ scene }) => {
  const templates = await ownTemplates(scene);
  const nginx = await scene.frontend('frontend');
  nginx.behaviour.isShadowed = true;
  templates.edit((text) => text.replaceAll('meet-gen!live-', 'older-'));
  const run = scene.run([...templates.flags, '--verify-timeout', '100ms']);
  expect((await scene.converged()).problems.map(({ code }) => code)).toContain('visitors-not-asked');
  templates.edit((text) => text);
  await waitUntil('the shadowed port is reported', () => problemCodes(run).includes('shadowed'));
  nginx.behaviour.isShadowed = false;
  const { problems } = await scene.converged();
  expect(problems.map(({ code }) => code)).not.toContain('visitors-not-asked');
  expect(nginx.signals).toHaveLength(2);
});

test.concurrent('does not read a template between the two steps of an editor that empties and writes it', async ({ scene }) => {
  const templates = await ownTemplates(scene);
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run(templates.flags);
  await scene.converged();
  let quick = 0;
  for (let edit = 0; quick < 5; edit += 1) {
    const before = run.logged('problem').length;
    const emptyMs = templates.editInTwoSteps((text) => `# edit ${edit}\n${text}`);
    await scene.serves(`# edit ${edit}`);
    // On a busy host the file can be empty for longer, and then meet-gen may read the empty file.
    if (emptyMs >= editSettlesMs) continue;
    quick += 1;
    expect(run.logged('problem').slice(before)).toEqual([]);
  }
});

test.concurrent('reads an edit that the file system does not report at the next resync, never at an event', async ({ scene }) => {
  const templates = await ownTemplates(scene);
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run(templates.flags, { env: deafWatch });
  await scene.converged();
  templates.edit(() => '');
  scene.backend('backend-2', 21);
  await scene.serves(`${scene.address(21)}:8000`);
  templates.edit((text) => `# edited\n${text}`);
  run.signal('SIGHUP');
  await scene.serves('# edited');
  expect(run.logged('problem')).toEqual([]);
});

for (const { what, edit, line, reason } of [
  { what: 'whose tag is not closed', edit: (text: string) => `# one\n# two\n<% if (it.instance) { -%>\n${text}`, line: 3, reason: /./ },
  {
    what: 'whose JavaScript is wrong',
    edit: (text: string) => `# one\n<%= it.instance.) %>\n${text}`,
    line: 2,
    reason: /Unexpected token/,
  },
  {
    what: 'that fails when rendered',
    edit: (text: string) => `# one\n# two\n# three\n<%= it.nothing.more %>\n${text}`,
    line: 4,
    reason: /undefined/,
  },
  { what: 'that prints a missing value', edit: (text: string) => `<%= it.nothing %>\n${text}`, line: 1, reason: /missing/ },
] as const) {
  test.concurrent(`keeps the last good template and follows addresses until a template ${what} is fixed`, async ({ scene }) => {
    const templates = await ownTemplates(scene);
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    const run = scene.run(templates.flags);
    await scene.serves(`${scene.address(20)}:8000`);
    const before = await scene.fileIdentity();

    templates.edit(edit);
    await waitUntil('the problem is reported', () => problemCodes(run).includes('template-broken'));
    expect(await scene.fileIdentity()).toBe(before);
    const { problems } = await waitForStatus(scene, 'the broken template is reported', (status) => status.problems.length > 0);
    const broken = problems.find(({ code }) => code === 'template-broken');
    expect(broken?.message).toContain('routing.conf.eta');
    if (what !== 'whose tag is not closed') expect(broken?.message).toContain(`line ${line}`);
    expect(broken?.message).toMatch(reason);
    expect(run.logged('problem').at(-1)?.['problem']).toMatchObject({ code: 'template-broken', message: broken?.message });

    scene.backend('backend-2', 21);
    await scene.serves(`${scene.address(21)}:8000`);
    // An edit in two steps can break the template in two ways.
    expect(new Set(problemCodes(run))).toEqual(new Set(['template-broken']));

    templates.edit((text) => `# fixed\n${text}`);
    await scene.serves('# fixed');
    await waitUntil('the problem is resolved', () => problemCodes(run, 'problemResolved').includes('template-broken'));
    expect((await scene.status()).problems).toEqual([]);
    expect(run.hasEnded()).toBe(false);
  });
}

test.concurrent('refuses a template without the generation, since its reload could not be proven', async ({ scene }) => {
  const templates = await ownTemplates(scene);
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run(templates.flags);
  await scene.converged();
  const before = await scene.fileIdentity();
  templates.edit(() => 'server { listen 8083; }\n');
  const { problems } = await waitForStatus(scene, 'the broken template is reported', (status) => status.problems.length > 0);
  expect(problems[0]?.message).toContain('it.generation');
  expect(await scene.fileIdentity()).toBe(before);
});

test.concurrent('publishes nothing if the template is broken at the start, until it is fixed', async ({ scene }) => {
  const templates = await ownTemplates(scene);
  templates.edit((text) => `<% if { %>\n${text}`);
  await scene.frontend('frontend');
  const run = scene.run(templates.flags);
  await waitUntil('the problem is reported', () => problemCodes(run).includes('template-broken'));
  await expect(scene.content()).rejects.toThrow('ENOENT');
  await expect(scene.status()).resolves.toMatchObject({ ready: false, converged: false });
  templates.edit((text) => text);
  await scene.converged();
});

test.concurrent('keeps the last good template while the template directory is missing', async ({ scene }) => {
  const templates = await ownTemplates(scene);
  await scene.frontend('frontend');
  const run = scene.run([...templates.flags, '--resync', '1s']);
  await scene.converged();
  await rename(templates.directory, `${templates.directory}.away`);
  await waitUntil('the problem is reported', () => problemCodes(run).includes('template-broken'));
  scene.backend('backend', 20);
  await scene.serves(`${scene.address(20)}:8000`);
  await mkdir(templates.directory);
  templates.edit((text) => `# back\n${text}`);
  await scene.serves('# back');
  expect((await scene.status()).problems).toEqual([]);
});

test.concurrent('follows edits of an included template', async ({ scene }) => {
  const templates = await ownTemplates(scene);
  const part = join(templates.directory, 'part.eta');
  await writeFile(part, '# part one\n');
  templates.edit((text) => `<%~ include('@part') %>\n${text}`);
  await scene.frontend('frontend');
  scene.run(templates.flags);
  await scene.serves('# part one');
  await writeFile(part, '# part two\n');
  await scene.serves('# part two');
  await rm(part);
  await waitForStatus(scene, 'the broken template is reported', (status) => status.problems.length > 0);
  expect(await scene.content()).toContain('# part two');
});
