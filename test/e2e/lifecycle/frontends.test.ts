import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';

// What happens to frontends, to one and to two of them, with meet-gen there and without. meet-gen's resync comes after
// an hour.

const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';

let meet: MeetStack;

beforeAll(async () => {
  meet = await startMeet(providedEngine(), 'frontends', { scale: { 'meet-gen': 0 } });
});
afterAll(() => meet?.down());
stopAtFirstFailure();

/** The API goes to exactly these, whichever of the frontends is asked, and nothing is left to be told to nginx. */
async function backendsAre(backends: readonly string[], frontends: readonly string[] = ['frontend-1']): Promise<void> {
  for (const frontend of frontends) await routedBy(frontend, ...backends);
  await meet.converged();
}

async function routedBy(frontend: string, ...backends: readonly string[]): Promise<void> {
  await meet.routed({ [api]: backends, [room]: ['SPA'] }, frontend);
}

/** Crashes a frontend and waits until the engine has started it again, without a hand's turn. */
async function crashAndComeBack(frontend: string): Promise<void> {
  const restarts = Number(await meet.inspect(frontend, '{{.RestartCount}}'));
  await meet.crash(frontend);
  await waitUntil(`the engine restarts ${frontend}`, async () => {
    const [count, state] = (await meet.inspect(frontend, '{{.RestartCount}} {{.State.Status}}')).split(' ');
    return Number(count) === restarts + 1 && state === 'running';
  });
}

describe.sequential('one frontend', () => {
  test('without meet-gen, on the stub alone: it runs, says 503, and that it has read no routes', async () => {
    await meet.routed({ [api]: ['503'], [room]: ['503'] });
    const address = await meet.address('frontend-1', meet.internalNetwork);
    const { status, body } = await meet.askStatusServer(meet.container('tools-1'), address, '/generation');
    expect({ status, body }).toEqual({ status: 200, body: expect.stringMatching(/^none 1\.30\.\d+\n$/) });
    expect(await meet.inspect('frontend-1', '{{.RestartCount}} {{.State.Status}}')).toBe('0 running');
  });

  test('meet-gen comes: the routes are there, the frontend was not restarted', async () => {
    await meet.scale({ 'meet-gen': 1 });
    await backendsAre(['backend-1']);
    expect(await meet.countHups()).toBe(1);
    expect(await meet.inspect('frontend-1', '{{.RestartCount}}')).toBe('0');
  });

  test('it crashes after a reload: the engine restarts it, with the right routes and no signal', async () => {
    const hups = await meet.countHups();
    expect(hups).toBeGreaterThan(0);
    await crashAndComeBack('frontend-1');
    await backendsAre(['backend-1']);
    expect(await meet.countHups()).toBe(hups);
  });

  test('it crashes while the backends change', async () => {
    await Promise.all([meet.crash('frontend-1'), meet.scale({ backend: 2 })]);
    await backendsAre(['backend-1', 'backend-2']);
  });

  test('it is paused while the backends change', async () => {
    await meet.docker('pause', meet.container('frontend-1'));
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    await meet.docker('unpause', meet.container('frontend-1'));
    await backendsAre(['backend-2']);
  });

  test('it is stopped while the backends change', async () => {
    await meet.docker('stop', '--time', '3', meet.container('frontend-1'));
    await meet.docker('start', meet.container('backend-1'));
    await meet.docker('stop', '--time', '3', meet.container('backend-2'));
    await meet.docker('start', meet.container('frontend-1'));
    await backendsAre(['backend-1']);
  });

  test('it is cut off from the backends and from meet-gen, and connected again', async () => {
    await meet.docker('network', 'disconnect', meet.internalNetwork, meet.container('frontend-1'));
    await meet.routed({ [api]: ['503, retry after 5'], [room]: ['SPA'] });
    await meet.docker('network', 'connect', meet.internalNetwork, meet.container('frontend-1'));
    await backendsAre(['backend-1']);
  });

  test('meet-gen is stopped: routes go on being served, also after the frontend is restarted or crashes', async () => {
    await meet.docker('stop', '--time', '3', meet.container('meet-gen-1'));
    expect(await meet.inspect('meet-gen-1', '{{.State.ExitCode}}')).toBe('0');
    await routedBy('frontend-1', 'backend-1');
    await meet.docker('restart', '--time', '3', meet.container('frontend-1'));
    await routedBy('frontend-1', 'backend-1');
    await crashAndComeBack('frontend-1');
    await routedBy('frontend-1', 'backend-1');
  });

  test('what changed while meet-gen was away is live once it is back', async () => {
    await meet.docker('start', meet.container('backend-2'));
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    // The address is nobody's now: nothing refuses the connection, nginx has to give it up.
    expect(await meet.ask(api)).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    await meet.docker('start', meet.container('meet-gen-1'));
    await backendsAre(['backend-2']);
  });

  test('meet-gen is killed and comes back: nothing is written, nobody is signalled', async () => {
    const [file, hups] = [await meet.fileIdentity(), await meet.countHups()];
    await meet.docker('kill', meet.container('meet-gen-1'));
    await meet.docker('start', meet.container('meet-gen-1'));
    await backendsAre(['backend-2']);
    expect(await meet.fileIdentity()).toBe(file);
    expect(await meet.countHups()).toBe(hups);
  });
});

describe.sequential('two frontends', () => {
  const both = ['frontend-1', 'frontend-2'];

  test('a second one comes: both serve the routes', async () => {
    await meet.scale({ frontend: 2 });
    await backendsAre(['backend-2'], both);
  });

  test('a backend comes: both are reloaded', async () => {
    const hups = await meet.countHups();
    await meet.docker('start', meet.container('backend-1'));
    await backendsAre(['backend-1', 'backend-2'], both);
    expect(await meet.countHups()).toBeGreaterThanOrEqual(hups + 2);
    const [instance] = (await meet.converged()).instances;
    expect(instance?.frontends.map(({ phase, runningGeneration }) => ({ phase, runningGeneration }))).toEqual(
      both.map(() => ({ phase: 'live', runningGeneration: instance?.publishedGeneration })),
    );
  });

  test('one is killed: the other goes on following', async () => {
    await meet.docker('kill', meet.container('frontend-1'));
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    await backendsAre(['backend-2'], ['frontend-2']);
  });

  test('it is started again: both are right', async () => {
    await meet.docker('start', meet.container('frontend-1'));
    await backendsAre(['backend-2'], both);
  });

  test('one crashes and comes back by itself: both are right, then and at the next change', async () => {
    await crashAndComeBack('frontend-2');
    await backendsAre(['backend-2'], both);
    await meet.docker('start', meet.container('backend-1'));
    await backendsAre(['backend-1', 'backend-2'], both);
  });

  test('one is paused: the other does not wait for it', async () => {
    await meet.docker('pause', meet.container('frontend-2'));
    await meet.docker('stop', '--time', '3', meet.container('backend-2'));
    await routedBy('frontend-1', 'backend-1');
    await meet.docker('unpause', meet.container('frontend-2'));
    await backendsAre(['backend-1'], both);
  });

  test('the first is removed: the second is the only one, and nothing is left to complain about', async () => {
    await meet.docker('rm', '--force', meet.container('frontend-1'));
    await meet.docker('start', meet.container('backend-2'));
    await backendsAre(['backend-1', 'backend-2'], ['frontend-2']);
    expect((await meet.status()).problems).toEqual([]);
  });
});
