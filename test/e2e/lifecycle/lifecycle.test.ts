import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { startQuietTime, type QuietTime } from './quiet-time.ts';

// Everything that can happen to a container of a Meet, one after the other on one stack, each live without a hand's
// turn. meet-gen's resync comes after an hour, so only what the engine announced can have led to it.

const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';
const roomLikeTheApi = '/api-abcd-efg';
const template = 'routing.conf.eta';
const nobody = ['503, retry after 5'];
const healthcheck = {
  test: ['CMD', 'python', 'manage.py', 'check'],
  interval: '500ms',
  timeout: '10s',
  retries: 1,
  start_interval: '200ms',
};

let meet: MeetStack;
let quietTime: QuietTime;

beforeAll(async () => {
  quietTime = await startQuietTime(providedEngine());
  meet = await startMeet(providedEngine(), 'lifecycle', {
    services: {
      backend: { healthcheck: { ...healthcheck, start_period: '20s' } },
      files: { image: 'meet-gen-test/backend:latest', labels: { 'meet.role': 'service', 'meet.paths': '/files' }, networks: ['internal'] },
      // A newer replica of the same service, with another path.
      next: {
        image: 'meet-gen-test/backend:latest',
        labels: { 'meet.role': 'service', 'meet.service': 'files', 'meet.paths': '/next' },
        networks: ['internal'],
        healthcheck: { ...healthcheck, test: ['CMD-SHELL', 'test -e /tmp/healthy'] },
      },
      // It answers as a backend does, so a request that goes to the wrong address is seen.
      squatter: { image: 'meet-gen-test/backend:latest', networks: ['internal'] },
    },
    scale: { backend: 0, files: 0, next: 0, squatter: 0 },
  });
});
afterAll(async () => {
  await Promise.all([meet?.down(), quietTime?.down()]);
});
stopAtFirstFailure();

/** The API goes to exactly these, the rooms to the SPA. */
async function backendsAre(...backends: readonly string[]): Promise<void> {
  await meet.routed({ [api]: backends, [room]: ['SPA'] });
}

/** Has somebody else take the address that a container just left: the engine gives the lowest free one. */
async function squat(address: string): Promise<void> {
  for (let count = 1; count <= 5; count++) {
    await meet.scale({ squatter: count });
    if ((await meet.address(`squatter-${count}`, meet.internalNetwork)) === address) return;
  }
}

/** Edits the mounted template as an editor does: a file beside it, then a rename. */
async function editTemplate(...sedExpressions: readonly string[]): Promise<void> {
  const edit = `sed ${sedExpressions.map((expression) => `-e '${expression}'`).join(' ')} /templates/${template} > /templates/.new`;
  await meet.tool('sh', '-c', `${edit} && mv /templates/.new /templates/${template}`);
}

/** Waits until the frontend answers with this in the header that the edited template sets. */
async function templateMarkIs(mark: string): Promise<void> {
  await waitUntil(`the template's mark is ${mark}`, async () => (await meet.ask(api)).headers['x-template'] === mark);
  await meet.converged();
}

async function problemCodes(): Promise<readonly string[]> {
  return (await meet.status()).problems.map((item) => item.code);
}

describe.sequential('a container changes, and the routes follow', () => {
  test('nobody is there yet: the API says 503 and when to come back, the rooms are there', async () => {
    await meet.routed({ [api]: nobody, '/admin': nobody, [room]: ['SPA'], [roomLikeTheApi]: ['SPA'] });
    await meet.converged();
    const answer = await meet.ask(api);
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(answer.type).toMatch(/^text\/plain/);
  });

  test('a backend is started', async () => {
    await meet.scale({ backend: 1 });
    await meet.routed({ [api]: ['backend-1'], '/admin': ['backend-1'], [room]: ['SPA'], [roomLikeTheApi]: ['SPA'] });
    await meet.converged();
    const answer = await meet.ask(api);
    expect(answer.status).toBe(200);
    expect(answer.type).toBe('application/json');
    expect(answer.headers).toMatchObject({ 'x-seen-forwarded-proto': 'https', 'x-seen-host': 'meet.example.com' });
  });

  test('it is stopped', async () => {
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    await backendsAre(...nobody);
  });

  test('it is started again', async () => {
    await meet.docker('start', meet.container('backend-1'));
    await backendsAre('backend-1');
  });

  test('there are three of it', async () => {
    await meet.scale({ backend: 3 });
    await backendsAre('backend-1', 'backend-2', 'backend-3');
  });

  test('two of three are stopped at once', async () => {
    await meet.docker('stop', '--time', '3', meet.container('backend-1'), meet.container('backend-3'));
    await backendsAre('backend-2');
    await meet.docker('start', meet.container('backend-1'), meet.container('backend-3'));
    await backendsAre('backend-1', 'backend-2', 'backend-3');
  });

  test('one is killed', async () => {
    await meet.docker('kill', meet.container('backend-2'));
    await backendsAre('backend-1', 'backend-3');
  });

  test('there are two of it: the third is removed', async () => {
    await meet.docker('start', meet.container('backend-2'));
    await meet.scale({ backend: 2 });
    await backendsAre('backend-1', 'backend-2');
  });

  test('one is recreated, at another address, while somebody else has taken its old one', async () => {
    const before = await meet.address('backend-2', meet.internalNetwork);
    await meet.docker('rm', '--force', meet.container('backend-2'));
    await squat(before);
    await backendsAre('backend-1');
    await meet.scale({ backend: 2 });
    expect(await meet.address('backend-2', meet.internalNetwork)).not.toBe(before);
    await backendsAre('backend-1', 'backend-2');
    await meet.scale({ squatter: 0 });
  });

  test('all are recreated by compose', async () => {
    await meet.recreate('backend', 2);
    await backendsAre('backend-1', 'backend-2');
  });

  test('one is renamed: nothing to write, and it is known by its new name', async () => {
    // The first to become healthy makes those that start stand by.
    await waitUntil('both are ready', async () => {
      const replicas = (await meet.status()).instances[0]?.services[0]?.replicas ?? [];
      return replicas.filter(({ rank }) => rank === 'ready').length === 2;
    });
    await meet.converged();
    const before = await meet.fileIdentity();
    await meet.docker('rename', meet.container('backend-1'), meet.container('blue'));
    await waitUntil('the new name is known', async () => JSON.stringify(await meet.status()).includes(meet.container('blue')));
    await backendsAre('backend-2', 'blue');
    expect(await meet.fileIdentity()).toBe(before);
    await meet.docker('stop', '--time', '3', meet.container('blue'));
    await backendsAre('backend-2');
    await meet.docker('rename', meet.container('blue'), meet.container('backend-1'));
    await meet.docker('start', meet.container('backend-1'));
    await backendsAre('backend-1', 'backend-2');
  });

  test('one is disconnected from the network, and connected again', async () => {
    await meet.docker('network', 'disconnect', meet.internalNetwork, meet.container('backend-1'));
    await backendsAre('backend-2');
    expect(await problemCodes()).toContain('no-shared-network');
    await meet.docker('network', 'connect', meet.internalNetwork, meet.container('backend-1'));
    await backendsAre('backend-1', 'backend-2');
    expect(await problemCodes()).not.toContain('no-shared-network');
  });

  test('one is paused, then the other, then both go on', async () => {
    await meet.docker('pause', meet.container('backend-1'));
    await backendsAre('backend-2');
    await meet.docker('pause', meet.container('backend-2'));
    await backendsAre(...nobody);
    await meet.docker('unpause', meet.container('backend-1'));
    await backendsAre('backend-1');
    await meet.docker('unpause', meet.container('backend-2'));
    await backendsAre('backend-1', 'backend-2');
  });

  test('one falls ill, then both, then they recover one by one', async () => {
    await meet.docker('exec', meet.container('backend-1'), 'touch', '/tmp/unhealthy');
    await backendsAre('backend-2');
    await meet.docker('exec', meet.container('backend-2'), 'touch', '/tmp/unhealthy');
    await backendsAre('backend-1', 'backend-2');
    await meet.docker('exec', meet.container('backend-1'), 'rm', '/tmp/unhealthy');
    await backendsAre('backend-1');
    await meet.docker('exec', meet.container('backend-2'), 'rm', '/tmp/unhealthy');
    await backendsAre('backend-1', 'backend-2');
  });

  test('a second service comes with paths of its own, stops, and is removed', async () => {
    const others = { [api]: ['backend-1', 'backend-2'], [room]: ['SPA'], '/filesystem': ['SPA'] };
    await meet.routed({ ...others, '/files': ['SPA'] });
    await meet.scale({ files: 1 });
    await meet.routed({ ...others, '/files': ['files-1'], '/files/a/b?c=d': ['files-1'] });
    await meet.converged();
    expect((await meet.ask('/files/a/b?c=d')).headers['x-seen-uri']).toBe('/files/a/b?c=d');
    await meet.docker('stop', '--time', '3', meet.container('files-1'));
    await meet.routed({ ...others, '/files': nobody, '/files/a': nobody });
    await meet.scale({ files: 0 });
    await meet.routed({ ...others, '/files': ['SPA'] });
  });

  test('a newer replica with another path is unhealthy, and takes none away; healthy, it decides', async () => {
    await meet.scale({ files: 1 });
    await meet.routed({ '/files': ['files-1'], '/next': ['SPA'] });
    // The engine dates containers by the second.
    const made = Math.floor(Date.parse(await meet.inspect('files-1', '{{.Created}}')) / 1000);
    await waitUntil('the next one is newer', () => Date.now() / 1000 > made + 1);
    await meet.scale({ next: 1 });
    await waitUntil('it is unhealthy', async () => JSON.stringify((await meet.status()).instances).includes('"rank":"unhealthy"'));
    await meet.routed({ '/files': ['files-1'], '/next': ['SPA'] });
    expect(await problemCodes()).toContain('replicas-disagree');
    await meet.docker('exec', meet.container('next-1'), 'touch', '/tmp/healthy');
    await meet.routed({ '/files': ['SPA'], '/next': ['files-1', 'next-1'] });
    await meet.scale({ files: 0, next: 0 });
    await meet.routed({ '/files': ['SPA'], '/next': ['SPA'] });
  });

  test('the frontend is restarted: it is asked, not signalled', async () => {
    await meet.converged();
    const hups = await meet.countHups();
    await meet.docker('restart', '--time', '3', meet.container('frontend-1'));
    await backendsAre('backend-1', 'backend-2');
    await meet.converged();
    expect(await meet.countHups()).toBe(hups);
  });

  test('the frontend is restarted while a backend is being replaced', async () => {
    await Promise.all([
      meet.docker('restart', '--time', '3', meet.container('frontend-1')),
      meet.docker('stop', '--time', '3', meet.container('backend-2')),
    ]);
    await backendsAre('backend-1');
    await meet.docker('start', meet.container('backend-2'));
    await backendsAre('backend-1', 'backend-2');
  });

  test('the frontend is recreated, at another address', async () => {
    const before = await meet.docker('inspect', '--format', '{{.Id}}', meet.container('frontend-1'));
    await meet.recreate('frontend');
    expect(await meet.docker('inspect', '--format', '{{.Id}}', meet.container('frontend-1'))).not.toBe(before);
    await backendsAre('backend-1', 'backend-2');
    // And it is the new one that is signalled at the next change.
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    await backendsAre('backend-2');
  });

  test('the frontend is renamed, and signalled by its new name', async () => {
    await meet.docker('rename', meet.container('frontend-1'), meet.container('front'));
    await meet.docker('start', meet.container('backend-1'));
    await meet.routed({ [api]: ['backend-1', 'backend-2'], [room]: ['SPA'] }, 'front');
    await meet.docker('rename', meet.container('front'), meet.container('frontend-1'));
    await backendsAre('backend-1', 'backend-2');
  });

  test('meet-gen is restarted: nothing is written, nobody is signalled', async () => {
    await meet.converged();
    const [file, hups] = [await meet.fileIdentity(), await meet.countHups()];
    await meet.docker('restart', '--time', '3', meet.container('meet-gen-1'));
    await backendsAre('backend-1', 'backend-2');
    await meet.converged();
    expect(await meet.fileIdentity()).toBe(file);
    expect(await meet.countHups()).toBe(hups);
  });

  test('the template is edited', async () => {
    await editTemplate('s/^    server_tokens off;$/&\\n    add_header X-Template one always;/');
    await templateMarkIs('one');
    await backendsAre('backend-1', 'backend-2');
  });

  test('the template is broken: addresses follow all the same, in the last good one', async () => {
    await editTemplate('s/X-Template one/X-Template two/', '$ a <% if (it.upstreams { %>');
    await waitUntil('the broken template is told', async () => (await problemCodes()).includes('template-broken'));
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    await backendsAre('backend-2');
    await templateMarkIs('one');
  });

  test('the template is fixed', async () => {
    await editTemplate('$ d');
    await templateMarkIs('two');
    await backendsAre('backend-2');
    expect(await problemCodes()).not.toContain('template-broken');
    await meet.docker('start', meet.container('backend-1'));
    await backendsAre('backend-1', 'backend-2');
  });

  test('after all this nothing is left to complain about', async () => {
    const { problems, ready, converged } = await meet.converged();
    expect({ problems, ready, converged }).toEqual({ problems: [], ready: true, converged: true });
  });
});

test('an event that nothing follows for half a minute is live as well, and stays so: no resync was needed', async () => {
  expect(await quietTime.outcome).toBeUndefined();
});
