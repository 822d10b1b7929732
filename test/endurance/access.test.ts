import { statSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onNetworks, readSetUp } from '../e2e/access/set-ups.ts';
import { startRemappedEngine, type BreakableEngine } from '../support/engine/breakable-engine.ts';
import { remappedPlaces } from '../support/engine/places.ts';
import { providedEngine, providedImages } from '../support/engine/provided.ts';
import { composeProjectName } from '../support/engine/test-run.ts';
import { stopAtFirstFailure } from '../support/in-order.ts';
import { provideMeetGenImage, startMeet, type MeetStack } from '../support/meet-stack.ts';
import { waitUntil } from '../support/wait-until.ts';

// An engine that remaps users: nobody in a container is who he seems to be, and root there is nobody outside.

const images = providedImages();
const project = composeProjectName('remapped');
const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';
const socketInside = '/var/run/docker.sock';
/** meet-gen's user, as the host sees it. */
const meetGenOutside = remappedPlaces.rootInContainers + 1000;

let engine: BreakableEngine;
let meet: MeetStack;

beforeAll(async () => {
  const image = await provideMeetGenImage(providedEngine());
  engine = await startRemappedEngine(providedEngine(), [images.frontend['1.30'], images.backend, images.idle, images.socketProxy, image]);
  const socket = `${remappedPlaces.socket}:${socketInside}`;
  const groupId = String(statSync(remappedPlaces.socket).gid);
  const { meetGen, proxy } = readSetUp('wollomatic, signal', { path: remappedPlaces.socket, groupId });
  const bare = { networks: ['internal'], volumes: ['routing:/routing', socket], group_add: [groupId] };
  const environment = { MEET_GEN_INSTANCE: project, MEET_GEN_RESYNC: '1h' };
  const own = { image, pull_policy: 'never', read_only: true, cap_drop: ['ALL'] };
  meet = await startMeet(engine, 'remapped', {
    services: {
      'meet-gen': {
        ...own,
        environment: { ...environment, ...meetGen.environment },
        networks: onNetworks(meetGen.networks, 'meet-gen', 'engine'),
        volumes: ['routing:/routing'],
        group_add: [],
      },
      'docker-proxy': {
        ...proxy,
        image: images.socketProxy,
        userns_mode: 'host',
        volumes: [socket],
        networks: onNetworks(proxy.networks, 'docker-proxy', 'engine'),
      },
      'meet-gen-remapped': { ...own, environment, ...bare },
      'meet-gen-host': { ...own, environment, ...bare, userns_mode: 'host', user: `${meetGenOutside}:${meetGenOutside}` },
    },
    networks: { engine: { internal: true } },
    scale: { 'meet-gen-remapped': 0, 'meet-gen-host': 0 },
  });
});
afterAll(async () => {
  await meet?.down();
  await engine?.stop();
});
stopAtFirstFailure();

async function followsFrom(sidecar: string): Promise<void> {
  await meet.routed({ [api]: ['backend-1'], [room]: ['SPA'] });
  await meet.scale({ backend: 2 });
  await meet.routed({ [api]: ['backend-1', 'backend-2'], [room]: ['SPA'] });
  await meet.docker('rm', '--force', meet.container('backend-2'));
  await meet.routed({ [api]: ['backend-1'], [room]: ['SPA'] });
  expect((await meet.converged(sidecar)).problems).toEqual([]);
}

test('it does remap', async () => {
  expect(statSync(`/proc/${await meet.inspect('frontend-1', '{{.State.Pid}}')}`).uid).toBe(remappedPlaces.rootInContainers + 1001);
});

test('through a proxy that is not remapped, a meet-gen that is has its routes followed', async () => {
  await followsFrom('meet-gen-1');
});

test('the socket itself is nobody’s to a meet-gen that is remapped, and it says so', async () => {
  await meet.scale({ 'meet-gen': 0, 'docker-proxy': 0 });
  await meet.scale({ 'meet-gen-remapped': 1 });
  await waitUntil('the log tells', async () => (await meet.logs('meet-gen-remapped')).includes('since the engine remaps users'));
});

test('with userns_mode: host, and the user that the volume belongs to, routes are followed from the socket', async () => {
  await meet.scale({ 'meet-gen-remapped': 0 });
  await meet.scale({ 'meet-gen-host': 1 });
  await followsFrom('meet-gen-host-1');
});
