import { join } from 'node:path';
import { expect } from 'vitest';
import { makeAuthority } from '../support/certificates.ts';
import { startTlsFront } from '../support/tls-front.ts';
import { test, waitForStatus } from '../integration/swarm-scene.ts';

test('managers answer over TLS, under the name of their certificate alone', async ({ meet, onTestFinished }) => {
  const { scene, managers } = meet;
  const authority = await makeAuthority(join(scene.folder, 'ca'));
  const client = await authority.issue('client');
  const named = await authority.issue('manager', { altName: 'DNS:localhost' });
  const socketPath = managers[0]?.socketPath ?? '';
  const front = await startTlsFront(socketPath, named, authority.caFile);
  onTestFinished(() => front.close());
  // The node's own engine is asked over plain HTTP, so TLS is in the URL.
  const env = { DOCKER_CERT_PATH: client };
  meet.backend(20);
  const flags = ['--source', 'swarm', '--node', 'node-1', '--managers'];
  const refused = scene.run([...flags, `https://127.0.0.1:${front.port}`], { env });
  await waitForStatus(scene, 'another name', ({ problems }) =>
    problems.some(({ message }) => message.includes('its certificate is for another name than --managers')),
  );
  await refused.stop();
  scene.run([...flags, `https://localhost:${front.port}`], { env });
  await scene.serves(meet.server(20));
  meet.backend(21);
  await scene.serves(meet.server(21));
  expect(front.receivedBytes()).toBeGreaterThan(0);
  expect(managers[0]?.eventStreams()).toBe(1);
});
