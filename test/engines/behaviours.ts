import { expect } from 'vitest';
import type { MeetOnEngine } from '../support/engines/meet-on-engine.ts';

/** The behaviours of meet-gen on each engine. Each starts with one frontend and one backend, both running and proven. */
export const behaviours = {
  'a started replica enters the rotation': async (meet) => {
    await meet.isIn(await meet.address(await meet.replica()));
    await meet.converged();
  },

  'a stopped replica leaves the rotation once': (meet) => endOnceEach(meet, (name) => meet.docker('stop', '--time', '5', name)),

  'a killed replica leaves the rotation once': (meet) => endOnceEach(meet, (name) => meet.docker('kill', name)),

  'a crashed replica leaves the rotation once': (meet) => endOnce(meet, (name) => meet.engine.crash(name)),

  'a replica leaves the rotation when its stop begins': async (meet) => {
    const name = await meet.replica({ command: ['sh', '-c', 'trap "" TERM; node /app/server.mjs & while :; do wait; sleep 1; done'] });
    const address = await meet.address(name);
    await meet.isIn(address);
    // A look that an earlier event has caused may see the stop by chance.
    await meet.hasLooked();
    const stopped = meet.docker('stop', '--time', '60', name);
    try {
      await meet.isOut(address);
      expect((await meet.docker('inspect', '--format', '{{.State.Pid}}', name)).trim(), 'it still runs').not.toBe('0');
    } finally {
      await meet.engine.crash(name);
      await stopped;
    }
  },

  'a replica that restarts at another address is in rotation there': async (meet) => {
    const name = await meet.replica();
    const before = await meet.address(name);
    await meet.isIn(before);
    await meet.docker('stop', '--time', '5', name);
    // On Docker another replica takes the address. Podman gives the next address to each start.
    await meet.replica({ args: meet.engine.kind.family === 'docker' ? ['--ip', before] : [] });
    await meet.docker('start', name);
    const after = await meet.address(name);
    expect(after).not.toBe(before);
    await meet.isIn(after);
  },

  'four ordinary restarts are no crash loop': async (meet) => {
    const name = await meet.replica();
    const before = meet.sidecar.log().length;
    for (let count = 0; count < 4; count++) {
      await meet.docker('restart', '--time', '5', name);
      await meet.listens(name);
      await meet.isIn(await meet.address(name));
    }
    const codes = meet.sidecar
      .log()
      .slice(before)
      .map((line) => (line['problem'] as { code?: string } | undefined)?.code ?? line['code']);
    expect(codes).not.toContain('crash-loop');
  },

  'health decides the rotation': async (meet) => {
    const { name, check } = await replicaWithHealth(meet);
    const address = await meet.address(name);
    await meet.wait('the replica is seen as starting', async () => (await healthOf(meet, name)) === 'starting');
    await meet.isOut(address);
    await meet.docker('exec', name, 'touch', '/tmp/healthy');
    await check(async () => (await meet.published()).includes(address));
    await meet.docker('exec', name, 'rm', '/tmp/healthy');
    await check(async () => !(await meet.published()).includes(address));
  },

  'a replica follows its network': async (meet) => {
    const name = await meet.replica();
    const address = await meet.address(name);
    await meet.isIn(address);
    await meet.docker('network', 'disconnect', meet.network, name);
    await meet.isOut(address);
    await meet.docker('network', 'connect', meet.network, name);
    await meet.isIn(await meet.address(name));
  },

  'a paused replica is out of rotation until it goes on': async (meet) => {
    const name = await meet.replica();
    const address = await meet.address(name);
    await meet.isIn(address);
    await meet.docker('pause', name);
    await meet.isOut(address);
    await meet.docker('unpause', name);
    await meet.isIn(address);
  },

  'a renamed replica has its new name': async (meet) => {
    const name = await meet.replica();
    await meet.isIn(await meet.address(name));
    await meet.docker('rename', name, `${name}-renamed`);
    try {
      await meet.wait('the status has the new name', async () => (await replicaNames(meet)).includes(`${name}-renamed`));
    } finally {
      await meet.docker('rename', `${name}-renamed`, name);
    }
  },

  'the rotation follows the scale': async (meet) => {
    await meet.compose('up', '--detach', '--scale', 'backend=3');
    await meet.wait('three replicas are in the file', async () => (await meet.published()).length === 3);
    await meet.compose('up', '--detach', '--timeout', '1', '--scale', 'backend=1');
    await meet.wait('one replica is in the file', async () => (await meet.published()).length === 1);
  },

  'the frontend serves each new generation': async (meet) => {
    const before = await servedGeneration(meet);
    await meet.isIn(await meet.address(await meet.replica()));
    await meet.wait('the frontend serves another generation', async () => (await servedGeneration(meet)) !== before);
    await meet.converged();
    const { instances } = await meet.status();
    expect(await servedGeneration(meet)).toBe(instances[0]?.publishedGeneration);
    const { status } = await meet.ask(await meet.address(meet.frontend), 8083, '/api/v1.0/config/');
    expect(status).toBe(200);
  },

  'a frontend that crashes after a reload comes back': async (meet) => {
    await meet.isIn(await meet.address(await meet.replica()));
    await meet.converged();
    await meet.engine.crash(meet.frontend);
    await meet.wait(
      'the frontend runs again',
      async () => (await meet.docker('inspect', '--format', '{{.State.Running}}', meet.frontend)).trim() === 'true',
    );
    await meet.converged();
    expect((await meet.frontendStatus())?.phase).toBe('live');
  },

  'a drained replica is out of rotation and goes on': async (meet) => {
    const name = await meet.replica();
    const address = await meet.address(name);
    await meet.isIn(address);
    expect(await meet.meetGen('drain', name)).toMatchObject({ code: 0 });
    expect(await meet.published()).not.toContain(address);
    expect((await meet.docker('inspect', '--format', '{{.State.Running}}', name)).trim()).toBe('true');
    expect(await meet.meetGen('drain', '--cancel', name)).toMatchObject({ code: 0 });
    await meet.isIn(address);
  },

  'changes during a restart of the engine are followed': async (meet) => {
    const [ending, staying] = [await meet.replica(), await meet.replica()];
    const [gone, kept] = [await meet.address(ending), await meet.address(staying)];
    await meet.isIn(gone);
    await meet.isIn(kept);
    await meet.engine.restartWhileEnding(ending);
    await meet.isOut(gone);
    await meet.converged();
    expect(await meet.published()).toContain(kept);
    const next = await meet.address(await meet.replica());
    await meet.isIn(next);
  },

  'a quiet host costs no list': async (meet) => {
    // The looks after the last events.
    await meet.hasLooked();
    const before = await meet.engineCalls();
    expect(before['/containers/json']).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, quietMs));
    expect(await meet.engineCalls()).toEqual(before);
  },
} as const satisfies Readonly<Record<string, (meet: MeetOnEngine) => Promise<void>>>;

export type Behaviour = keyof typeof behaviours;

/** No wait for a condition: the time in which nothing may happen. */
const quietMs = 10_000;

/** Ends several replicas in turn: 20.10 shows some ends in time. */
async function endOnceEach(meet: MeetOnEngine, end: (name: string) => Promise<unknown>): Promise<void> {
  for (let count = 0; count < 3; count++) await endOnce(meet, end);
}

/** The file loses the address once, and never gets it back. */
export async function endOnce(meet: MeetOnEngine, end: (name: string) => Promise<unknown>): Promise<void> {
  const name = await meet.replica();
  const address = await meet.address(name);
  await meet.isIn(address);
  await meet.converged();
  const from = meet.contents().length - 1;
  await end(name);
  await meet.wait(
    'the engine shows the end',
    async () => (await meet.docker('inspect', '--format', '{{.State.Status}}', name)).trim() === 'exited',
  );
  await meet.isOut(address);
  await meet.converged();
  const changes = meet.contents(from).map((addresses) => addresses.includes(address));
  expect(changes, 'whether each content of the file has the address').toEqual([true, false]);
}

/** Healthy while /tmp/healthy exists, and starting before that. */
async function replicaWithHealth(meet: MeetOnEngine): Promise<{ name: string; check: (until: () => Promise<boolean>) => Promise<void> }> {
  // Within the start period, a failed check can't make a container unhealthy. On Docker the period ends with the first
  // success. On Podman it doesn't, but there the test decides the time of each check.
  const period = meet.engine.kind.family === 'docker' ? ['--health-start-period', '1h'] : [];
  const name = await meet.replica({
    args: ['--health-cmd', 'test -e /tmp/healthy', '--health-interval', '500ms', '--health-retries', '1', ...period],
  });
  // A check may fail to start on a busy machine, so it is repeated, as by Podman's own timer.
  const check = (until: () => Promise<boolean>): Promise<void> =>
    meet.wait('the file follows the health', async () => {
      await meet.engine.checkHealth(name);
      return until();
    });
  return { name, check };
}

async function healthOf(meet: MeetOnEngine, name: string): Promise<string | undefined> {
  return (await replicas(meet)).find(({ container }) => container === name)?.health;
}

async function replicaNames(meet: MeetOnEngine): Promise<readonly string[]> {
  return (await replicas(meet)).map(({ container }) => container);
}

async function replicas(meet: MeetOnEngine) {
  const { instances } = await meet.status();
  return instances.flatMap(({ services }) => services.flatMap((service) => service.replicas));
}

async function servedGeneration(meet: MeetOnEngine): Promise<string | undefined> {
  return (await meet.ask(await meet.address(meet.frontend), 8084, '/generation')).body.split(' ')[0];
}
