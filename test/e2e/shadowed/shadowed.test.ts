import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { startMeet, usualFrontend, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';

// A file is live only if visitors reach it. Another server of the same nginx may have the routing port, and a user's
// snippets run in the rendered server.

const engine = providedEngine();
const api = '/api/v1.0/config/';
const rival = (name: string): string => `server {
    listen 8083;
    server_name ${name};
    location / { proxy_pass http://127.0.0.1:8080; }
}
`;

let meet: MeetStack;

beforeAll(async () => {
  const usual = usualFrontend(engine);
  const mounts = { volumes: [...usual.volumes, 'snippets:/etc/nginx/meet-routing.d:ro'], stop_grace_period: '2s' };
  // The file of Meet's official template in the image; its name sorts before routing.conf.
  const withRival = { ...usual, ...mounts, configs: [...usual.configs, { source: 'docs', target: '/etc/nginx/conf.d/docs.conf' }] };
  const host = { 'meet.role': 'frontend', 'meet.host': 'meet.example.com' };
  meet = await startMeet(engine, 'shadowed', {
    volumes: ['snippets'],
    services: {
      frontend: { ...usual, ...mounts },
      official: withRival,
      hosted: { ...withRival, labels: host },
      namesake: {
        ...usual,
        ...mounts,
        labels: host,
        configs: [...usual.configs, { source: 'namesake', target: '/etc/nginx/conf.d/docs.conf' }],
      },
      files: {
        image: 'meet-gen-test/backend:latest',
        labels: { 'meet.role': 'service', 'meet.paths': '/files', 'meet.port': '8000' },
        networks: ['internal'],
      },
    },
    configs: { docs: rival('localhost'), namesake: rival('meet.example.com') },
    scale: { frontend: 0, hosted: 0, namesake: 0, files: 0 },
  });
});
afterAll(() => meet?.down());
stopAtFirstFailure();

/** meet-gen may be starting. */
const noAnswer = (): undefined => undefined;

/** Waits until a frontend is reported as shadowed. @returns the problem's message */
async function shadowedMessage(frontend: string): Promise<string> {
  const found = await waitUntil(`${frontend} is shadowed`, async () =>
    (await meet.status().catch(noAnswer))?.problems.find(
      ({ code, container }) => code === 'shadowed' && container === meet.container(frontend),
    ),
  );
  return found.message;
}

/** The status may fail while no frontend runs. */
const live = (): Promise<unknown> =>
  waitUntil('all routes are live, without a problem', async () => (await meet.converged()).problems.length === 0);

describe.sequential('another server on the routing port', () => {
  test('is a problem that names its file, and leads to no second signal and no rollback', async () => {
    const message = await shadowedMessage('official-1');
    expect(message).toContain('the server "localhost" of /etc/nginx/conf.d/docs.conf');
    expect(message).toContain('status 200');
    expect((await meet.status()).converged).toBe(false);
    await meet.scale({ files: 1 });
    await waitUntil('the next file has the new path', async () =>
      (await meet.status()).instances[0]?.routes.some(({ path }) => path === '/files'),
    );
    await waitUntil('nginx runs the published generation', async () => {
      const [instance] = (await meet.status()).instances;
      return instance?.frontends[0]?.runningGeneration === instance?.publishedGeneration && instance?.frontends[0]?.phase === 'shadowed';
    });
    const { instances, problems } = await meet.status();
    // One signal for this file, which nginx accepted.
    expect(instances[0]?.frontends).toMatchObject([{ signals: 1 }]);
    expect(problems.map(({ code }) => code)).toEqual(['shadowed']);
    await meet.scale({ files: 0 });
  });

  test('makes `status` end with 7', async () => {
    const ended = await meet.docker('exec', meet.container('meet-gen-1'), 'sh', '-c', 'meet-gen status; echo "exit $?"');
    expect(ended).toContain('exit 7');
    expect(ended).not.toContain('all routes are live');
  });

  test('is no problem for a host name of the rendered server', async () => {
    await meet.scale({ official: 0, hosted: 1 });
    await live();
  });

  test('is found also if it has the same host name', async () => {
    await meet.scale({ hosted: 0, namesake: 1 });
    expect(await shadowedMessage('namesake-1')).toContain('the server "meet.example.com" of /etc/nginx/conf.d/docs.conf');
  });

  test('is no problem after its removal', async () => {
    await meet.scale({ namesake: 0, frontend: 1 });
    await live();
    await meet.routed({ [api]: ['backend-1'] });
  });
});

describe.sequential('a user’s snippet', () => {
  test.each([
    ['closes for maintenance', 'return 503 "closed\\n";', '503'],
    ['asks for a password', 'auth_basic "x"; auth_basic_user_file /dev/null;', '401'],
    ['refuses all clients', 'deny all;', '403'],
    ['redirects all requests', 'rewrite ^ https://elsewhere.example.com/ redirect;', '302'],
    ['refuses all requests', 'if ($uri) { return 403; }', '403'],
  ])('%s: the file is live', async (_, snippet, answer) => {
    await meet.tool('sh', '-c', `echo '${snippet}' > /snippets/own.conf`);
    const isThere = (await meet.status()).instances[0]?.routes.some(({ path }) => path === '/files') === true;
    await meet.scale({ files: isThere ? 0 : 1 });
    await waitUntil('nginx has read the snippet', async () => String((await meet.ask('/')).status) === answer);
    await live();
    await meet.tool('rm', '/snippets/own.conf');
  });
});

test('a client without the generation learns nothing on the routing port, and no such request is logged', async () => {
  await meet.converged();
  const generation = (await meet.status()).instances[0]?.publishedGeneration ?? '';
  const known = await meet.ask(`/meet-gen!live-${generation}`);
  expect({ status: known.status, body: known.body }).toEqual({ status: 200, body: expect.stringMatching(new RegExp(`^${generation} `)) });
  for (const path of ['/meet-gen!live-', '/meet-gen!live-0123456789abcdef', '/generation'])
    expect((await meet.ask(path)).body, path).not.toContain(generation);
  expect(await meet.docker('logs', meet.container('frontend-1'))).not.toContain(generation);
});
