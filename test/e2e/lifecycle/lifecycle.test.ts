import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { startQuietTime, type QuietTime } from './quiet-time.ts';

// Changes to the containers of a Meet, one after the other on one stack, each live without a manual step. The resync is
// an hour away, so each change comes from an event.

const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';
const roomLikeTheApi = '/api-abcd-efg';
const template = 'routing.conf.eta';
const unavailable = ['503, retry after 5'];
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
      // Answers as a backend does, and so shows requests to a wrong address.
      squatter: { image: 'meet-gen-test/backend:latest', networks: ['internal'] },
    },
    scale: { backend: 0, files: 0, next: 0, squatter: 0 },
  });
});
afterAll(async () => {
  await Promise.all([meet?.down(), quietTime?.down()]);
});
stopAtFirstFailure();

/** Waits until the API goes to exactly these backends, and rooms to the SPA. */
async function waitForBackends(...backends: readonly string[]): Promise<void> {
  await meet.routed({ [api]: backends, [room]: ['SPA'] });
}

/** Starts other containers until one has this free address. The engine gives the lowest free address. */
async function squat(address: string): Promise<void> {
  for (let count = 1; count <= 5; count++) {
    await meet.scale({ squatter: count });
    if ((await meet.address(`squatter-${count}`, meet.internalNetwork)) === address) return;
  }
}

/** Edits the mounted template as an editor does: writes a new file, then renames it. */
async function editTemplate(...sedExpressions: readonly string[]): Promise<void> {
  const edit = `sed ${sedExpressions.map((expression) => `-e '${expression}'`).join(' ')} /templates/${template} > /templates/.new`;
  await meet.tool('sh', '-c', `${edit} && mv /templates/.new /templates/${template}`);
}

/** Waits until the frontend answers with this mark, in the header of the edited template. */
async function waitForTemplateMark(mark: string): Promise<void> {
  await waitUntil(`the template's mark is ${mark}`, async () => (await meet.ask(api)).headers['x-template'] === mark);
  await meet.converged();
}

async function problemCodes(): Promise<readonly string[]> {
  return (await meet.status()).problems.map((item) => item.code);
}

describe.sequential('the routes follow the containers', () => {
  test('answers 503 with Retry-After for the API, and rooms, without a backend', async () => {
    await meet.routed({ [api]: unavailable, '/admin': unavailable, [room]: ['SPA'], [roomLikeTheApi]: ['SPA'] });
    await meet.converged();
    const answer = await meet.ask(api);
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(answer.type).toMatch(/^text\/plain/);
  });

  test('routes to a started backend', async () => {
    await meet.scale({ backend: 1 });
    await meet.routed({ [api]: ['backend-1'], '/admin': ['backend-1'], [room]: ['SPA'], [roomLikeTheApi]: ['SPA'] });
    await meet.converged();
    const answer = await meet.ask(api);
    expect(answer.status).toBe(200);
    expect(answer.type).toBe('application/json');
    expect(answer.headers).toMatchObject({ 'x-seen-forwarded-proto': 'https', 'x-seen-host': 'meet.example.com' });
  });

  test('answers 503 after its stop', async () => {
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    await waitForBackends(...unavailable);
  });

  test('routes to it after its second start', async () => {
    await meet.docker('start', meet.container('backend-1'));
    await waitForBackends('backend-1');
  });

  test('routes to three backends', async () => {
    await meet.scale({ backend: 3 });
    await waitForBackends('backend-1', 'backend-2', 'backend-3');
  });

  test('drops two of three backends that stop at once', async () => {
    await meet.docker('stop', '--time', '3', meet.container('backend-1'), meet.container('backend-3'));
    await waitForBackends('backend-2');
    await meet.docker('start', meet.container('backend-1'), meet.container('backend-3'));
    await waitForBackends('backend-1', 'backend-2', 'backend-3');
  });

  test('drops a killed backend', async () => {
    await meet.docker('kill', meet.container('backend-2'));
    await waitForBackends('backend-1', 'backend-3');
  });

  test('drops a removed backend', async () => {
    await meet.docker('start', meet.container('backend-2'));
    await meet.scale({ backend: 2 });
    await waitForBackends('backend-1', 'backend-2');
  });

  test('routes to the new address of a recreated backend, while another container has its old one', async () => {
    const before = await meet.address('backend-2', meet.internalNetwork);
    await meet.docker('rm', '--force', meet.container('backend-2'));
    await squat(before);
    await waitForBackends('backend-1');
    await meet.scale({ backend: 2 });
    expect(await meet.address('backend-2', meet.internalNetwork)).not.toBe(before);
    await waitForBackends('backend-1', 'backend-2');
    await meet.scale({ squatter: 0 });
  });

  test('routes to backends that compose recreates', async () => {
    await meet.recreate('backend', 2);
    await waitForBackends('backend-1', 'backend-2');
  });

  test('shows the new name of a renamed backend, and writes no file', async () => {
    // The first healthy backend makes starting backends standby.
    await waitUntil('both backends are ready', async () => {
      const replicas = (await meet.status()).instances[0]?.services[0]?.replicas ?? [];
      return replicas.filter(({ rank }) => rank === 'ready').length === 2;
    });
    await meet.converged();
    const before = await meet.fileIdentity();
    await meet.docker('rename', meet.container('backend-1'), meet.container('blue'));
    await waitUntil('the status shows the new name', async () => JSON.stringify(await meet.status()).includes(meet.container('blue')));
    await waitForBackends('backend-2', 'blue');
    expect(await meet.fileIdentity()).toBe(before);
    await meet.docker('stop', '--time', '3', meet.container('blue'));
    await waitForBackends('backend-2');
    await meet.docker('rename', meet.container('blue'), meet.container('backend-1'));
    await meet.docker('start', meet.container('backend-1'));
    await waitForBackends('backend-1', 'backend-2');
  });

  test('drops a backend while it is disconnected from the network, and reports a problem', async () => {
    await meet.docker('network', 'disconnect', meet.internalNetwork, meet.container('backend-1'));
    await waitForBackends('backend-2');
    expect(await problemCodes()).toContain('no-shared-network');
    await meet.docker('network', 'connect', meet.internalNetwork, meet.container('backend-1'));
    await waitForBackends('backend-1', 'backend-2');
    expect(await problemCodes()).not.toContain('no-shared-network');
  });

  test('drops paused backends, and routes to them again after unpause', async () => {
    await meet.docker('pause', meet.container('backend-1'));
    await waitForBackends('backend-2');
    await meet.docker('pause', meet.container('backend-2'));
    await waitForBackends(...unavailable);
    await meet.docker('unpause', meet.container('backend-1'));
    await waitForBackends('backend-1');
    await meet.docker('unpause', meet.container('backend-2'));
    await waitForBackends('backend-1', 'backend-2');
  });

  test('drops an unhealthy backend, unless all are unhealthy', async () => {
    await meet.docker('exec', meet.container('backend-1'), 'touch', '/tmp/unhealthy');
    await waitForBackends('backend-2');
    await meet.docker('exec', meet.container('backend-2'), 'touch', '/tmp/unhealthy');
    await waitForBackends('backend-1', 'backend-2');
    await meet.docker('exec', meet.container('backend-1'), 'rm', '/tmp/unhealthy');
    await waitForBackends('backend-1');
    await meet.docker('exec', meet.container('backend-2'), 'rm', '/tmp/unhealthy');
    await waitForBackends('backend-1', 'backend-2');
  });

  test('follows a second service with its own paths until its removal', async () => {
    const others = { [api]: ['backend-1', 'backend-2'], [room]: ['SPA'], '/filesystem': ['SPA'] };
    await meet.routed({ ...others, '/files': ['SPA'] });
    await meet.scale({ files: 1 });
    await meet.routed({ ...others, '/files': ['files-1'], '/files/a/b?c=d': ['files-1'] });
    await meet.converged();
    expect((await meet.ask('/files/a/b?c=d')).headers['x-seen-uri']).toBe('/files/a/b?c=d');
    await meet.docker('stop', '--time', '3', meet.container('files-1'));
    await meet.routed({ ...others, '/files': unavailable, '/files/a': unavailable });
    await meet.scale({ files: 0 });
    await meet.routed({ ...others, '/files': ['SPA'] });
  });

  test('takes the paths from a newer replica only once it is healthy', async () => {
    await meet.scale({ files: 1 });
    await meet.routed({ '/files': ['files-1'], '/next': ['SPA'] });
    // The engine dates containers in whole seconds.
    const made = Math.floor(Date.parse(await meet.inspect('files-1', '{{.Created}}')) / 1000);
    await waitUntil('a new container is newer by a second', () => Date.now() / 1000 > made + 1);
    await meet.scale({ next: 1 });
    await waitUntil('the newer replica is unhealthy', async () =>
      JSON.stringify((await meet.status()).instances).includes('"rank":"unhealthy"'),
    );
    await meet.routed({ '/files': ['files-1'], '/next': ['SPA'] });
    expect(await problemCodes()).toContain('replicas-disagree');
    await meet.docker('exec', meet.container('next-1'), 'touch', '/tmp/healthy');
    await meet.routed({ '/files': ['SPA'], '/next': ['files-1', 'next-1'] });
    await meet.scale({ files: 0, next: 0 });
    await meet.routed({ '/files': ['SPA'], '/next': ['SPA'] });
  });

  test('sends no signal to a restarted frontend', async () => {
    await meet.converged();
    const hups = await meet.countHups();
    await meet.docker('restart', '--time', '3', meet.container('frontend-1'));
    await waitForBackends('backend-1', 'backend-2');
    await meet.converged();
    expect(await meet.countHups()).toBe(hups);
  });

  test('follows a frontend that restarts while a backend stops', async () => {
    await Promise.all([
      meet.docker('restart', '--time', '3', meet.container('frontend-1')),
      meet.docker('stop', '--time', '3', meet.container('backend-2')),
    ]);
    await waitForBackends('backend-1');
    await meet.docker('start', meet.container('backend-2'));
    await waitForBackends('backend-1', 'backend-2');
  });

  test('follows a frontend that is recreated at another address', async () => {
    const before = await meet.docker('inspect', '--format', '{{.Id}}', meet.container('frontend-1'));
    await meet.recreate('frontend');
    expect(await meet.docker('inspect', '--format', '{{.Id}}', meet.container('frontend-1'))).not.toBe(before);
    await waitForBackends('backend-1', 'backend-2');
    // The next change signals the new frontend.
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    await waitForBackends('backend-2');
  });

  test('signals a renamed frontend', async () => {
    await meet.docker('rename', meet.container('frontend-1'), meet.container('front'));
    await meet.docker('start', meet.container('backend-1'));
    await meet.routed({ [api]: ['backend-1', 'backend-2'], [room]: ['SPA'] }, 'front');
    await meet.docker('rename', meet.container('front'), meet.container('frontend-1'));
    await waitForBackends('backend-1', 'backend-2');
  });

  test('writes no file and sends no signal when meet-gen restarts', async () => {
    await meet.converged();
    const [file, hups] = [await meet.fileIdentity(), await meet.countHups()];
    await meet.docker('restart', '--time', '3', meet.container('meet-gen-1'));
    await waitForBackends('backend-1', 'backend-2');
    await meet.converged();
    expect(await meet.fileIdentity()).toBe(file);
    expect(await meet.countHups()).toBe(hups);
  });

  test('renders the edited template', async () => {
    await editTemplate('s/^    server_tokens off;$/&\\n    add_header X-Template one always;/');
    await waitForTemplateMark('one');
    await waitForBackends('backend-1', 'backend-2');
  });

  test('renders new addresses with the last good template while the template is broken', async () => {
    await editTemplate('s/X-Template one/X-Template two/', '$ a <% if (it.upstreams { %>');
    await waitUntil('meet-gen reports the broken template', async () => (await problemCodes()).includes('template-broken'));
    await meet.docker('stop', '--time', '3', meet.container('backend-1'));
    await waitForBackends('backend-2');
    await waitForTemplateMark('one');
  });

  test('renders the fixed template', async () => {
    await editTemplate('$ d');
    await waitForTemplateMark('two');
    await waitForBackends('backend-2');
    expect(await problemCodes()).not.toContain('template-broken');
    await meet.docker('start', meet.container('backend-1'));
    await waitForBackends('backend-1', 'backend-2');
  });

  test('reports no problem at the end', async () => {
    const { problems, ready, converged } = await meet.converged();
    expect({ problems, ready, converged }).toEqual({ problems: [], ready: true, converged: true });
  });
});

test('a change stays live without another event for half a minute', async () => {
  expect(await quietTime.outcome).toBeUndefined();
});
