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

describe.sequential('--check exec, with a proxy that allows exec at times', () => {
  let scene: RefusalScene;
  const setExecAllowed = async (isAllowed: boolean): Promise<void> => {
    await scene.meet.scale({ filter: isAllowed ? 0 : 1, 'filter-open': isAllowed ? 1 : 0 });
  };
  const isPublished = async (): Promise<boolean> => (await scene.meet.tool('sh', '-c', 'ls /routing')).split('\n').includes('routing.conf');

  beforeAll(async () => {
    scene = await startRefusalScene(engine, 'strict', await accessCalled('exec at times', engine, images));
  });
  afterAll(() => scene?.meet.down());

  test('reports that the first file waits, and publishes it once it can be tested', async () => {
    await scene.problem('check-impossible', /exec/);
    expect(await isPublished()).toBe(false);
    await scene.meet.routed({ '/abc-defg-hij': ['503'] });
    await setExecAllowed(true);
    expect((await scene.converged()).problems).toEqual([]);
    await scene.meet.routed(usualRoutes);
  });

  test('publishes new addresses while a change of structure waits, then the change', async () => {
    const { meet } = scene;
    await setExecAllowed(false);
    const lookout = await lookOutFor(meet, '# another template');
    await scene.editTemplate('# another template\n');
    await scene.problem('check-impossible', /exec/);
    await meet.scale({ backend: 2 });
    await meet.routed({ ...usualRoutes, '/api/v1.0/config/': ['backend-1', 'backend-2'] });
    await meet.scale({ backend: 1 });
    await meet.routed(usualRoutes);
    expect((await lookout.counts()).sightings).toBe(0);
    await setExecAllowed(true);
    await waitUntil('the change is published', async () => (await scene.published()).includes('# another template'), 60_000);
    expect((await scene.converged()).problems).toEqual([]);
  });

  test('never publishes a refused file', async () => {
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

  test('sends no signal through the engine, so that restart: unless-stopped works after a crash', async () => {
    const { meet } = scene;
    await meet.scale({ backend: 2, files: 1 });
    await meet.routed({ ...usualRoutes, '/api/v1.0/config/': ['backend-1', 'backend-2'], '/files': ['files-1'] });
    await meet.scale({ backend: 1, files: 0 });
    await meet.routed({ ...usualRoutes, '/files': ['SPA'] });
    await scene.converged();
    expect(await meet.countHups()).toBe(0);
    expect(await meet.inspect('frontend-1', '{{.HostConfig.RestartPolicy.Name}}')).toBe('unless-stopped');
    await meet.crash('frontend-1');
    await waitUntil('the engine restarts the frontend', async () => (await meet.inspect('frontend-1', '{{.RestartCount}}')) === '1');
    await meet.routed(usualRoutes);
    await scene.converged();
    expect(await meet.countHups()).toBe(0);
  });

  test.each([
    ['rubbish', 'rubbish'],
    ['nothing', ''],
    ['another format', '{"format":99,"refused":[],"lives":""}'],
    [
      'a broken good template',
      '{"format":1,"good":{"templates":[["routing.conf.eta","<% broken"]],"structure":{}},"refused":[],"lives":""}',
    ],
    ['other types', '{"format":1,"refused":7}'],
  ])('works with %s in its kept file', (_, kept) => loseMemory(scene, kept));

  test('refuses a file again after its kept file is lost', () => loseMemoryWhileRefused(scene));
});
