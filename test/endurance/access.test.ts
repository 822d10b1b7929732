import { chmodSync, copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onNetworks, readSetUp } from '../e2e/access/set-ups.ts';
import { runCommand } from '../support/built-command.ts';
import { makeAuthority, type Authority } from '../support/certificates.ts';
import { startRemappedEngine, type BreakableEngine } from '../providers/engine/breakable-engine.ts';
import { remappedPlaces } from '../providers/engine/places.ts';
import { providedEngine, providedImages } from '../providers/engine/provided.ts';
import { composeProjectName } from '../providers/engine/test-run.ts';
import { stopAtFirstFailure } from '../support/in-order.ts';
import { provideMeetGenImage, startMeet, type MeetStack } from '../support/meet-stack.ts';
import { waitUntil } from '../support/wait-until.ts';

// An engine that remaps users: a container's user, root included, is another user on the host. The engine also listens
// with TLS, for clients with a certificate.

const images = providedImages();
const project = composeProjectName('remapped');
const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';
const socketInside = '/var/run/docker.sock';
/** meet-gen's user on the host. */
const meetGenOutside = remappedPlaces.rootInContainers + 1000;

const overTls = `tcp://${remappedPlaces.network.inside}:2376`;

let certificates: string;
let authority: Authority;
let engine: BreakableEngine;
let meet: MeetStack;

beforeAll(async () => {
  const image = await provideMeetGenImage(providedEngine());
  certificates = mkdtempSync(join(tmpdir(), 'mg-certificates-'));
  chmodSync(certificates, 0o755);
  authority = await makeAuthority(join(certificates, 'ca'));
  const server = await authority.issue('engine', { altName: `IP:${remappedPlaces.network.inside}` });
  const client = await authority.issue('client');
  // meet-gen's user doesn't own the key.
  chmodSync(join(client, 'key.pem'), 0o644);
  engine = await startRemappedEngine(
    providedEngine(),
    [images.frontend['1.30'], images.backend, images.idle, images.socketProxy, image],
    [
      '--host',
      overTls,
      '--tlsverify',
      '--tlscacert',
      authority.caFile,
      '--tlscert',
      join(server, 'cert.pem'),
      '--tlskey',
      join(server, 'key.pem'),
    ],
  );
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
      'meet-gen-tls': {
        ...own,
        environment: { ...environment, DOCKER_HOST: overTls, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' },
        networks: ['internal'],
        volumes: ['routing:/routing', `${client}:/certs:ro`],
      },
      'meet-gen-remapped': { ...own, environment, ...bare },
      'meet-gen-host': { ...own, environment, ...bare, userns_mode: 'host', user: `${meetGenOutside}:${meetGenOutside}` },
    },
    networks: { engine: { internal: true } },
    scale: { 'meet-gen-tls': 0, 'meet-gen-remapped': 0, 'meet-gen-host': 0 },
  });
});
afterAll(async () => {
  await meet?.down();
  await engine?.stop();
  rmSync(certificates, { recursive: true, force: true });
});
stopAtFirstFailure();

async function expectFollowing(sidecar: string): Promise<void> {
  await meet.routed({ [api]: ['backend-1'], [room]: ['SPA'] });
  await meet.scale({ backend: 2 });
  await meet.routed({ [api]: ['backend-1', 'backend-2'], [room]: ['SPA'] });
  await meet.docker('rm', '--force', meet.container('backend-2'));
  await meet.routed({ [api]: ['backend-1'], [room]: ['SPA'] });
  expect((await meet.converged(sidecar)).problems).toEqual([]);
}

test('the engine remaps users', async () => {
  expect(statSync(`/proc/${await meet.inspect('frontend-1', '{{.State.Pid}}')}`).uid).toBe(remappedPlaces.rootInContainers + 1001);
});

test('follows as a remapped user, through a proxy that is not remapped', async () => {
  await expectFollowing('meet-gen-1');
});

test('reports as a remapped user that the socket is not accessible', async () => {
  await meet.scale({ 'meet-gen': 0, 'docker-proxy': 0 });
  await meet.scale({ 'meet-gen-remapped': 1 });
  await waitUntil('the log names the remapping', async () => (await meet.logs('meet-gen-remapped')).includes('the engine remaps users'));
});

test('follows from the socket with userns_mode: host and the owner of the volume', async () => {
  await meet.scale({ 'meet-gen-remapped': 0 });
  await meet.scale({ 'meet-gen-host': 1 });
  await expectFollowing('meet-gen-host-1');
});

test('follows over TLS with a certificate that the engine accepts', async () => {
  await meet.scale({ 'meet-gen-host': 0 });
  await meet.scale({ 'meet-gen-tls': 1 });
  await expectFollowing('meet-gen-tls-1');
});

test('refuses over TLS with another certificate, and names the reason', async () => {
  const other = await (await makeAuthority(join(certificates, 'other'))).issue('client');
  copyFileSync(authority.caFile, join(other, 'ca.pem'));
  const { code, stderr } = await runCommand(['render', '--docker-host', overTls], {
    env: { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: other },
    wrap: engine.onItsNetwork,
  });
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("doesn't accept meet-gen's own certificate") as string });
});

test('reports without TLS that the port needs TLS', async () => {
  const { code, stderr } = await runCommand(['render', '--docker-host', overTls], { wrap: engine.onItsNetwork });
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('needs TLS; set DOCKER_TLS_VERIFY=1') as string });
});
