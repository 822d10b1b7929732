import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { composeProjectName, runLabel } from '../../providers/engine/test-run.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';

// Other containers on the engine, beside a Meet or in its project. They become no upstream, lead to no write and no
// signal, and can't read nginx's status server.

const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';
const backendImage = 'meet-gen-test/backend:latest';
const routes = { [api]: ['backend-1'], '/admin': ['backend-1'], [room]: ['SPA'] };
const neighbourProject = composeProjectName('neighbour');

let meet: MeetStack;

beforeAll(async () => {
  meet = await startMeet(providedEngine(), 'meet', {
    services: {
      // The same image on the same network, without a role; its health check runs all the time.
      celery: {
        image: backendImage,
        command: ['celery', '-A', 'meet.celery_app', 'worker'],
        networks: ['internal', 'proxy'],
        healthcheck: { test: ['CMD', 'true'], interval: '200ms' },
      },
      // On the shared network too, with a health check.
      backend: { networks: ['internal', 'proxy'], healthcheck: { test: ['CMD', 'true'], interval: '500ms' } },
    },
  });
  await meet.routed(routes);
  await meet.converged();
});
afterAll(async () => {
  await neighbour({}, 'down', '--volumes', '--timeout', '1').catch(() => undefined);
  await meet?.down();
});
stopAtFirstFailure();

/** Runs compose for another project on the shared proxy network, with Meet's names for its services. */
async function neighbour(labels: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<void> {
  const service = { image: backendImage, labels, networks: { proxy: { aliases: ['backend', 'frontend'] } } };
  const file = {
    name: neighbourProject,
    services: { backend: service },
    networks: { proxy: { name: meet.proxyNetwork, external: true } },
  };
  await docker(providedEngine(), ['compose', '--env-file', '/dev/null', '--file', '-', ...args], { stdin: JSON.stringify(file) });
}

/** Acts, requests a resync, and expects the same file and no new HUP. */
async function expectNoChange(act: () => Promise<unknown>): Promise<void> {
  const [file, hups] = [await meet.fileIdentity(), await meet.countHups()];
  await act();
  await meet.routed(routes);
  await meet.resynced();
  await meet.routed(routes);
  expect(await meet.fileIdentity()).toBe(file);
  expect(await meet.countHups()).toBe(hups);
}

async function runUnlabelled(name: string, ...args: readonly string[]): Promise<void> {
  const identity = ['--label', runLabel, '--name', meet.container(name)];
  await meet.docker('run', '--detach', ...identity, '--network', meet.internalNetwork, ...args, backendImage);
}

describe.sequential('no write and no signal', () => {
  test('for a container without labels that starts, restarts, is renamed and removed', async () => {
    await expectNoChange(async () => {
      await runUnlabelled('stranger', '--network-alias', 'backend');
      await meet.docker('restart', '--time', '1', meet.container('stranger'));
      await meet.docker('rename', meet.container('stranger'), meet.container('drifter'));
      await meet.docker('network', 'connect', meet.proxyNetwork, meet.container('drifter'));
      await meet.docker('rm', '--force', meet.container('drifter'));
    });
  });

  test('for a restarted worker, while health checks run all the time', async () => {
    await expectNoChange(() => meet.compose('restart', '--timeout', '1', 'celery'));
  });

  test('for a renamed container with labels', async () => {
    await expectNoChange(async () => {
      await meet.docker('rename', meet.container('backend-1'), meet.container('other'));
      await meet.docker('rename', meet.container('other'), meet.container('backend-1'));
    });
  });

  test('for a container with labels that never starts', async () => {
    await expectNoChange(async () => {
      await meet.docker('create', '--label', runLabel, '--label', 'meet.role=backend', '--name', meet.container('made'), backendImage);
      await meet.docker('rm', '--force', meet.container('made'));
    });
  });

  test('for a one-off container of `docker compose run` with the same labels', async () => {
    await expectNoChange(async () => {
      const oneOff = meet.container('one-off');
      await meet.compose('run', '--detach', '--rm', '--no-deps', '--name', oneOff, 'backend', 'sleep', 'infinity');
      expect(await meet.inspect('one-off', '{{index .Config.Labels "meet.role"}}')).toBe('backend');
      await meet.routed(routes);
      await meet.docker('rm', '--force', oneOff);
    });
  });

  test('a one-off container is not an upstream, even without another backend', async () => {
    const oneOff = meet.container('one-off');
    await meet.compose('run', '--detach', '--rm', '--no-deps', '--name', oneOff, 'backend');
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    await meet.routed({ ...routes, [api]: ['503, retry after 5'], '/admin': ['503, retry after 5'] });
    await meet.docker('rm', '--force', oneOff);
    await meet.docker('start', meet.container('backend-1'));
    await meet.routed(routes);
    await meet.converged();
  });
});

describe.sequential('another project on the shared proxy network', () => {
  test('a service with the same name is not an upstream', async () => {
    await expectNoChange(() => neighbour({}, 'up', '--detach'));
  });

  test('a service with the same labels is not an upstream, since it belongs to another Meet', async () => {
    await expectNoChange(() => neighbour({ 'meet.role': 'backend' }, 'up', '--detach', '--force-recreate', '--timeout', '1'));
  });

  test('a service with the same labels is not an upstream while the own backend is stopped', async () => {
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    await meet.routed({ ...routes, [api]: ['503, retry after 5'], '/admin': ['503, retry after 5'] });
    await meet.docker('start', meet.container('backend-1'));
    await meet.routed(routes);
    await meet.converged();
  });
});

describe.sequential('the status server', () => {
  test('answers meet-gen and other containers on its own network', async () => {
    const internal = await meet.address('frontend-1', meet.internalNetwork);
    const generation = (await meet.converged()).instances[0]?.publishedGeneration;
    for (const from of [meet.container('meet-gen-1'), meet.container('tools-1')]) {
      const answer = await meet.askStatusServer(from, internal, '/generation');
      expect(answer).toEqual({ status: 200, body: expect.stringMatching(new RegExp(`^${generation} 1\\.30\\.\\d+\\n$`)) });
      expect(await meet.askStatusServer(from, internal, '/stub_status')).toMatchObject({ status: 200 });
      expect(await meet.askStatusServer(from, internal, '/rejected')).toMatchObject({ status: 404 });
    }
  });

  test('refuses neighbours on the shared network', async () => {
    const proxy = await meet.address('frontend-1', meet.proxyNetwork);
    const from = `${neighbourProject}-backend-1`;
    await waitUntil('the neighbour runs', async () => (await meet.docker('inspect', '-f', '{{.State.Running}}', from)).trim() === 'true');
    for (const path of ['/generation', '/stub_status', '/rejected', '//generation', '/generation?x=y']) {
      expect({ path, ...(await meet.askStatusServer(from, proxy, path)) }).toMatchObject({ path, status: 403 });
    }
  });

  test('is not published', async () => {
    const ports = await meet.docker('port', meet.container('frontend-1'));
    expect(ports).toMatch(/^8083\/tcp -> 127\.0\.0\.1:\d+\n$/);
  });
});
