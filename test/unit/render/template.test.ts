import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { readInstances } from '../../../src/model/read-instances.ts';
import { renderWithGeneration } from '../../../src/render/generation.ts';
import { TemplateError } from '../../../src/render/template-error.ts';
import { compileTemplates, mainTemplate } from '../../../src/render/template.ts';
import { createTemplateStore, editSettlesMs } from '../../../src/render/template-store.ts';
import type { TemplateStore } from '../../../src/render/template-store.ts';
import type { RoutingView } from '../../../src/routes/view.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { backend, frontend, observe } from '../../support/containers.ts';

function someView(address = '172.18.0.5'): RoutingView {
  const [instance] = readInstances(observe([frontend(), backend({ networks: { meet_default: `${address}/16` } })])).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return planRouting(instance, []).view;
}

const view = someView();
const generation = '<%= it.generation %>\n';
const render = (text: string, others: Readonly<Record<string, string>> = {}): string =>
  compileTemplates(new Map([...Object.entries(others), [mainTemplate, text]]))(view).content;

function failureOf(run: () => unknown): TemplateError {
  try {
    run();
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('a template', () => {
  it('prints values, loops and includes', () => {
    const main = `<%= it.instance %> <% for (const up of it.upstreams) { %><%= up.name %><% } %> <%~ include('@part', it) %>${generation}`;
    expect(render(main, { 'part.eta': 'port <%= it.listenPort %> ' })).toMatch(/^meet meet_meet\.backend port 8083 [0-9a-f]{16}\n$/);
  });

  it('includes by file name as well', () => {
    expect(render(`<%~ include('@part.eta', it) %>${generation}`, { 'part.eta': 'part' })).toMatch(/^part/);
  });

  it.each([
    ['a value that is missing', 'a\nb <%= it.noSuchThing %>', 2, 'missing'],
    ['a value that is no text', 'a\n\n<%= it.upstreams %>', 3, 'of type object'],
    ['a value that is read from nothing', '<%= it.nothing.more %>', 1, 'undefined'],
    ['a value outside the vocabulary', "a\nb\nc\n<%= 'x; y' %>", 4, 'syntax'],
    ['an error of its own', "<% throw new Error('my own') %>", 1, 'my own'],
  ])('fails on %s, with the line', (_, text, line, reason) => {
    const failure = failureOf(() => render(`${text}\n${generation}`));
    expect(failure.line).toBe(line);
    expect(failure.file).toBe(mainTemplate);
    expect(failure.message).toContain(reason);
  });

  it('fails on a missing include, with its name', () => {
    expect(failureOf(() => render(`<%~ include('@nowhere', it) %>${generation}`)).message).toContain('nowhere');
  });

  it('includes nothing from the disk', () => {
    failureOf(() => render(`<%~ include('/etc/hostname', it) %>${generation}`));
    failureOf(() => render(`<%~ include('../routing.conf.eta', it) %>${generation}`));
  });

  it.each([
    ['a tag that is not closed', 'a\nb\n<% if (true) {', 3],
    ['JavaScript that is none', 'a\nb\n<% const = 1; %>\nc', 3],
    ['a block that is not closed', 'a\n<% for (const x of []) { %>\nb\n', undefined],
  ])('is refused for %s, with the line if it is known', (_, text, line) => {
    const failure = failureOf(() => compileTemplates(new Map([[mainTemplate, text]])));
    expect(failure.file).toBe(mainTemplate);
    if (line !== undefined) expect(failure.line).toBe(line);
  });

  it('is refused for a mistake in an included file, with the name of that file', () => {
    const files = new Map([
      [mainTemplate, generation],
      ['part.eta', 'x\n<% nonsense nonsense %>'],
    ]);
    expect(failureOf(() => compileTemplates(files))).toMatchObject({ file: 'part.eta', line: 2 });
  });

  it('is refused if it does not print the generation, since no reload could be proven', () => {
    expect(failureOf(() => render('nothing')).message).toContain('it.generation');
  });
});

const draftWith = (more: string) => (placeholder: string) => `generation ${placeholder}; ${more}`;

describe('the generation', () => {
  it('is the hash of the content: same content, same generation; other content, another', () => {
    expect(renderWithGeneration(draftWith('a'))).toEqual(renderWithGeneration(draftWith('a')));
    expect(renderWithGeneration(draftWith('a')).generation).not.toBe(renderWithGeneration(draftWith('b')).generation);
    expect(renderWithGeneration(draftWith('a')).generation).toMatch(/^[0-9a-f]{16}$/);
  });

  it('is printed at every place in the content', () => {
    const { content, generation: made } = renderWithGeneration((placeholder) => `${placeholder} ${placeholder}`);
    expect(content).toBe(`${made} ${made}`);
  });

  it('replaces no other text: no label can contain the placeholder', () => {
    let placeholder = '';
    renderWithGeneration((given) => (placeholder = given));
    const [instance] = readInstances(
      observe([
        frontend({ labels: { 'meet.instance': 'meet', 'meet.host': placeholder } }),
        backend({ service: placeholder, labels: { 'meet.paths': `/${placeholder}` } }),
      ]),
    ).instances;
    if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
    const { view: planned } = planRouting(instance, []);
    expect(JSON.stringify({ hosts: planned.serverNames, upstreams: planned.upstreams, groups: planned.groups })).not.toContain(placeholder);
  });
});

describe('a template directory', () => {
  let directory: string;
  let store: TemplateStore;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'templates-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    store = createTemplateStore(directory);
  });
  const put = async (text: string, file = mainTemplate): Promise<void> => {
    await writeFile(join(directory, file), text);
    await store.begin(true);
  };
  const good = '<% for (const up of it.upstreams) { %><%= up.servers[0] %><% } %> ' + generation;

  it('renders without a failure', async () => {
    await put(good);
    expect(store.render(view).content).toMatch(/^172\.18\.0\.5:8000 /);
    expect(store.failure()).toBeUndefined();
  });

  it('throws the failure if it never had a good template', async () => {
    await store.begin(true);
    expect(failureOf(() => store.render(view)).message).toContain(mainTemplate);
    await put('<% broken');
    expect(failureOf(() => store.render(view)).file).toBe(mainTemplate);
  });

  it.each([
    ['does not compile', '<% broken'],
    ['does not render', '<%= it.missing %>'],
    ['prints no generation', 'nothing'],
  ])('keeps the last good template if the new template %s, and still updates addresses', async (_, bad) => {
    await put(good);
    store.render(view);
    await put(bad);
    expect(store.render(someView('172.18.0.77')).content).toMatch(/^172\.18\.0\.77:8000 /);
    expect(store.failure()).toBeInstanceOf(TemplateError);
  });

  it('uses the template before only for the instance that fails, while the others use the new template', async () => {
    const other = { ...view, instance: 'other' };
    await put(good);
    store.render(view);
    store.render(other);
    await put("<% if (it.instance === 'meet') { %><%= it.missing %><% } %> new " + good);
    for (const address of ['172.18.0.77', '172.18.0.78']) {
      await store.begin(true);
      expect(store.render({ ...someView(address), instance: 'meet' }).content).toMatch(new RegExp(`^${address}:8000 `));
      expect(store.render(other).content).toMatch(/^ new /);
      expect(store.failure()?.message).toContain('missing');
    }
  });

  it('falls back to the template before if the new template fails for the next view', async () => {
    await put(`safe ${generation}`);
    store.render(view);
    await put(`new <% if (it.upstreams.length === 0) { %><%= it.missing %><% } %> ${generation}`);
    expect(store.render(view).content).toMatch(/^new /);
    expect(store.render({ ...view, upstreams: [] }).content).toMatch(/^safe /);
    expect(store.failure()?.message).toContain('missing');
  });

  it('is read again only for a pass that asks for it, and forgets render failures with each pass', async () => {
    await put(`first <% if (it.upstreams.length === 0) { %><%= it.missing %><% } %> ${generation}`);
    failureOf(() => store.render({ ...view, upstreams: [] }));
    expect(store.failure()?.message).toContain('missing');
    await writeFile(join(directory, mainTemplate), `second ${generation}`);
    await store.begin(false);
    expect(store.failure()).toBeUndefined();
    expect(store.render(view).content).toMatch(/^first /);
    await store.begin(true);
    expect(store.render(view).content).toMatch(/^second /);
  });

  it('keeps the last good template if the file is missing, with a failure', async () => {
    await put(good);
    store.render(view);
    await rm(join(directory, mainTemplate));
    await store.begin(true);
    expect(store.render(view).content).toMatch(/^172/);
    expect(store.failure()?.message).toContain('no such file');
  });

  it('recovers when the template is fixed', async () => {
    await put(good);
    store.render(view);
    await put('<% broken');
    store.render(view);
    await put(`fixed ${good}`);
    expect(store.render(view).content).toMatch(/^fixed /);
    expect(store.failure()).toBeUndefined();
  });

  it('recovers when an included file is fixed', async () => {
    await put('fine', 'part.eta');
    await put(`<%~ include('@part', it) %> ${good}`);
    store.render(view);
    await put('<% broken', 'part.eta');
    expect(store.render(view).content).toMatch(/^fine /);
    expect(store.failure()).toMatchObject({ file: 'part.eta' });
    await put('better', 'part.eta');
    expect(store.render(view).content).toMatch(/^better /);
  });

  it('reads only *.eta files', async () => {
    await writeFile(join(directory, 'notes.txt'), '<% broken');
    await put(good);
    expect(store.failure()).toBeUndefined();
  });

  it('calls back after a change in it', async () => {
    await put(good);
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    // The watch may begin after the first write. So the test writes until the callback, with long enough pauses for a
    // stable file.
    const called = new Promise<void>((resolve) => store.watch(resolve, abort.signal));
    let texts = 0;
    const writer = setInterval(() => void writeFile(join(directory, mainTemplate), `${good}${(texts += 1)}`), 4 * editSettlesMs);
    onTestFinished(() => clearInterval(writer));
    await called;
  });
});
