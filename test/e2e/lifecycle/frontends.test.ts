import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';

// Changes to one and to two frontends, with and without meet-gen. The resync is an hour away.

const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';

let meet: MeetStack;

beforeAll(async () => {
  meet = await startMeet(providedEngine(), 'frontends', { scale: { 'meet-gen': 0 } });
});
afterAll(() => meet?.down());
stopAtFirstFailure();

/** Waits until every frontend routes the API to exactly these backends, and meet-gen has converged. */
async function waitForBackends(backends: readonly string[], frontends: readonly string[] = ['frontend-1']): Promise<void> {
  for (const frontend of frontends) await waitForRoutes(frontend, ...backends);
  await meet.converged();
}

async function waitForRoutes(frontend: string, ...backends: readonly string[]): Promise<void> {
  await meet.routed({ [api]: backends, [room]: ['SPA'] }, frontend);
}

/** Crashes a frontend, and waits until the engine has restarted it. */
async function crashAndWaitForRestart(frontend: string): Promise<void> {
  const restarts = Number(await meet.inspect(frontend, '{{.RestartCount}}'));
  await meet.crash(frontend);
  await waitUntil(`the engine restarts ${frontend}`, async () => {
    const [count, state] = (await meet.inspect(frontend, '{{.RestartCount}} {{.State.Status}}')).split(' ');
    return Number(count) === restarts + 1 && state === 'running';
  });
}

describe.sequential('one frontend', () => {
  test('answers 503 and the generation "none" on the stub, without meet-gen', async () => {
    await meet.routed({ [api]: ['503'], [room]: ['503'] });
    const address = await meet.address('frontend-1', meet.internalNetwork);
    const { status, body } = await meet.askStatusServer(meet.container('tools-1'), address, '/generation');
    expect({ status, body }).toEqual({ status: 200, body: expect.stringMatching(/^none 1\.30\.\d+\n$/) });
    expect(await meet.inspect('frontend-1', '{{.RestartCount}} {{.State.Status}}')).toBe('0 running');
  });

  test('serves the routes without a restart when meet-gen starts', async () => {
    await meet.scale({ 'meet-gen': 1 });
    await waitForBackends(['backend-1']);
    expect(await meet.countHups()).toBe(1);
    expect(await meet.inspect('frontend-1', '{{.RestartCount}}')).toBe('0');
  });

  test('serves the right routes after a crash, without a signal', async () => {
    const hups = await meet.countHups();
    expect(hups).toBeGreaterThan(0);
    await crashAndWaitForRestart('frontend-1');
    await waitForBackends(['backend-1']);
    expect(await meet.countHups()).toBe(hups);
  });

  test('serves the right routes when it crashes while the backends change', async () => {
    await Promise.all([meet.crash('frontend-1'), meet.scale({ backend: 2 })]);
    await waitForBackends(['backend-1', 'backend-2']);
  });

  test('serves the right routes when it is paused while the backends change', async () => {
    await meet.docker('pause', meet.container('frontend-1'));
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    await meet.docker('unpause', meet.container('frontend-1'));
    await waitForBackends(['backend-2']);
  });

  test('serves the right routes when it is stopped while the backends change', async () => {
    await meet.docker('stop', '--time', '3', meet.container('frontend-1'));
    await meet.docker('start', meet.container('backend-1'));
    await meet.docker('stop', '--time', '3', meet.container('backend-2'));
    await meet.docker('start', meet.container('frontend-1'));
    await waitForBackends(['backend-1']);
  });

  test('answers 503 while it is disconnected from the network, and follows again afterwards', async () => {
    await meet.docker('network', 'disconnect', meet.internalNetwork, meet.container('frontend-1'));
    await meet.routed({ [api]: ['503, retry after 5'], [room]: ['SPA'] });
    await meet.docker('network', 'connect', meet.internalNetwork, meet.container('frontend-1'));
    await waitForBackends(['backend-1']);
  });

  test('keeps serving the routes without meet-gen, also after a restart and a crash', async () => {
    await meet.docker('stop', '--time', '3', meet.container('meet-gen-1'));
    expect(await meet.inspect('meet-gen-1', '{{.State.ExitCode}}')).toBe('0');
    await waitForRoutes('frontend-1', 'backend-1');
    await meet.docker('restart', '--time', '3', meet.container('frontend-1'));
    await waitForRoutes('frontend-1', 'backend-1');
    await crashAndWaitForRestart('frontend-1');
    await waitForRoutes('frontend-1', 'backend-1');
  });

  test('serves the changes of the meantime when meet-gen starts again', async () => {
    await meet.docker('start', meet.container('backend-2'));
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    // No container has the address now. The connection isn't refused; nginx gives up after the connect timeout.
    expect(await meet.ask(api)).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    await meet.docker('start', meet.container('meet-gen-1'));
    await waitForBackends(['backend-2']);
  });

  test('gets no new file and no signal when meet-gen is killed and starts again', async () => {
    const [file, hups] = [await meet.fileIdentity(), await meet.countHups()];
    await meet.docker('kill', meet.container('meet-gen-1'));
    await meet.docker('start', meet.container('meet-gen-1'));
    await waitForBackends(['backend-2']);
    expect(await meet.fileIdentity()).toBe(file);
    expect(await meet.countHups()).toBe(hups);
  });
});

describe.sequential('two frontends', () => {
  const both = ['frontend-1', 'frontend-2'];

  test('both serve the routes when the second starts', async () => {
    await meet.scale({ frontend: 2 });
    await waitForBackends(['backend-2'], both);
  });

  test('both reload for a new backend', async () => {
    const hups = await meet.countHups();
    await meet.docker('start', meet.container('backend-1'));
    await waitForBackends(['backend-1', 'backend-2'], both);
    expect(await meet.countHups()).toBeGreaterThanOrEqual(hups + 2);
    const [instance] = (await meet.converged()).instances;
    expect(instance?.frontends.map(({ phase, runningGeneration }) => ({ phase, runningGeneration }))).toEqual(
      both.map(() => ({ phase: 'live', runningGeneration: instance?.publishedGeneration })),
    );
  });

  test('the second follows while the first is killed', async () => {
    await meet.docker('kill', meet.container('frontend-1'));
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    await waitForBackends(['backend-2'], ['frontend-2']);
  });

  test('both serve the right routes after the first starts again', async () => {
    await meet.docker('start', meet.container('frontend-1'));
    await waitForBackends(['backend-2'], both);
  });

  test('both serve the right routes after a crash and after the next change', async () => {
    await crashAndWaitForRestart('frontend-2');
    await waitForBackends(['backend-2'], both);
    await meet.docker('start', meet.container('backend-1'));
    await waitForBackends(['backend-1', 'backend-2'], both);
  });

  test('one follows without waiting for the paused one', async () => {
    await meet.docker('pause', meet.container('frontend-2'));
    await meet.docker('stop', '--time', '3', meet.container('backend-2'));
    await waitForRoutes('frontend-1', 'backend-1');
    await meet.docker('unpause', meet.container('frontend-2'));
    await waitForBackends(['backend-1'], both);
  });

  test('the second follows alone, without a problem, after the first is removed', async () => {
    await meet.docker('rm', '--force', meet.container('frontend-1'));
    await meet.docker('start', meet.container('backend-2'));
    await waitForBackends(['backend-1', 'backend-2'], ['frontend-2']);
    expect((await meet.status()).problems).toEqual([]);
  });
});
