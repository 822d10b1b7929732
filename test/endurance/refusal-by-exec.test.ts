import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine, providedImages } from '../providers/engine/provided.ts';
import { accessCalled } from '../support/refusal/accesses.ts';
import { lookOutFor } from '../support/refusal/lookouts.ts';
import { loseMemory, loseMemoryWhileRefused } from '../support/refusal/memory.ts';
import { usualRoutes } from '../support/refusal/check-case.ts';
import { refused, refusedMark } from '../support/refusal/restarts.ts';
import { startRefusalScene, type RefusalScene } from '../support/refusal/scene.ts';
import { waitUntil } from '../support/wait-until.ts';

const engine = providedEngine();
const images = providedImages();

describe.sequential('--check exec, with a proxy that lets exec through at times', () => {
  let scene: RefusalScene;
  const letExecThrough = async (isLet: boolean): Promise<void> => {
    await scene.meet.scale({ filter: isLet ? 0 : 1, 'filter-open': isLet ? 1 : 0 });
  };
  const isPublished = async (): Promise<boolean> => (await scene.meet.tool('sh', '-c', 'ls /routing')).split('\n').includes('routing.conf');

  beforeAll(async () => {
    scene = await startRefusalScene(engine, 'strict', await accessCalled('exec at times', engine, images));
  });
  afterAll(() => scene?.meet.down());

  test('the first file of all waits, which is told, and is published when it can be tested', async () => {
    await scene.problem('check-impossible', /exec/);
    expect(await isPublished()).toBe(false);
    await scene.meet.routed({ '/abc-defg-hij': ['503'] });
    await letExecThrough(true);
    expect((await scene.converged()).problems).toEqual([]);
    await scene.meet.routed(usualRoutes);
  });

  test('a change of structure waits, while addresses go on following, and goes live by itself', async () => {
    const { meet } = scene;
    await letExecThrough(false);
    const lookout = await lookOutFor(meet, '# another template');
    await scene.editTemplate('# another template\n');
    await scene.problem('check-impossible', /exec/);
    await meet.scale({ backend: 2 });
    await meet.routed({ ...usualRoutes, '/api/v1.0/config/': ['backend-1', 'backend-2'] });
    await meet.scale({ backend: 1 });
    await meet.routed(usualRoutes);
    expect((await lookout.counts()).sightings).toBe(0);
    await letExecThrough(true);
    await waitUntil('it is published', async () => (await scene.published()).includes('# another template'), 60_000);
    expect((await scene.converged()).problems).toEqual([]);
  });

  test('what is refused is never published', async () => {
    const lookout = await lookOutFor(scene.meet, refusedMark);
    await scene.editTemplate(refused);
    await scene.problem('reload-rejected', /no_such_directive/);
    await scene.editTemplate('');
    expect((await scene.converged()).problems).toEqual([]);
    expect((await lookout.counts()).sightings).toBe(0);
  });
});

describe.sequential('--reload exec', () => {
  let scene: RefusalScene;
  beforeAll(async () => {
    const access = await accessCalled('exec, also to reload', engine, images);
    scene = await startRefusalScene(engine, 'no-signal', { ...access, services: { frontend: { restart: 'unless-stopped' } } });
  });
  afterAll(() => scene?.meet.down());

  test('not one signal goes through the engine, so that a crash is survived also with restart: unless-stopped', async () => {
    const { meet } = scene;
    await meet.scale({ backend: 2, files: 1 });
    await meet.routed({ ...usualRoutes, '/api/v1.0/config/': ['backend-1', 'backend-2'], '/files': ['files-1'] });
    await meet.scale({ backend: 1, files: 0 });
    await meet.routed({ ...usualRoutes, '/files': ['SPA'] });
    await scene.converged();
    expect(await meet.countHups()).toBe(0);
    expect(await meet.inspect('frontend-1', '{{.HostConfig.RestartPolicy.Name}}')).toBe('unless-stopped');
    await meet.crash('frontend-1');
    await waitUntil('the engine starts it again', async () => (await meet.inspect('frontend-1', '{{.RestartCount}}')) === '1');
    await meet.routed(usualRoutes);
    await scene.converged();
    expect(await meet.countHups()).toBe(0);
  });

  test.each([
    ['rubbish', 'rubbish'],
    ['nothing', ''],
    ['another format', '{"format":99,"refused":[],"lives":""}'],
    ['half of what it was', '{"format":1,"good":{"templates":[["routing.conf.eta","<% broken"]],"structure":{}},"refused":[],"lives":""}'],
    ['other types', '{"format":1,"refused":7}'],
  ])('what is kept is %s: that costs nobody anything', (_, kept) => loseMemory(scene, kept));

  test('the same while something is refused: it is refused again', () => loseMemoryWhileRefused(scene));
});
