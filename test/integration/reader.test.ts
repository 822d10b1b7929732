import { expect } from 'vitest';
import { protocolHeader, protocolVersion, signAnswer, signatureHeader, signEvent } from '../../src/source/swarm/signature.ts';
import { runCommand } from '../support/built-command.ts';
import { swarmEvent } from '../support/fake-engine/raw-swarm.ts';
import { dockerService, dockerTask, otherEvents, swarmEvents } from '../support/swarm/docker-json.ts';
import { plantSecrets, shownPlaces } from '../support/swarm/plant.ts';
import { newNonce, startReader } from '../support/swarm/reader.ts';
import { waitUntil } from '../support/wait-until.ts';
import { test } from './scene.ts';

const serviceUpdate = swarmEvent('service', 'update', '9mnpnzenvg8p8tdbtq4wvbkcz', { name: 'meet_backend' });

test.concurrent('answers its five paths, with and without a version', async ({ scene }) => {
  scene.engine.rawSwarm.services = [dockerService()];
  scene.engine.rawSwarm.tasks = [dockerTask()];
  const reader = await startReader(scene);
  for (const prefix of ['', '/v1.45', '/v1.24']) {
    expect(await reader.ask(`${prefix}/_ping`)).toMatchObject({ status: 200, body: 'OK', headers: { 'api-version': '1.45' } });
    const version = await reader.ask(`${prefix}/version`);
    expect(JSON.parse(version.body)).toEqual({ Version: '26.1.5', ApiVersion: '1.45', MinAPIVersion: '1.24' });
    expect(JSON.parse((await reader.ask(`${prefix}/services?status=true`)).body)).toMatchObject([{ Spec: { Name: 'meet_backend' } }]);
    expect(JSON.parse((await reader.ask(`${prefix}/tasks?filters={}`)).body)).toMatchObject([{ DesiredState: 'running' }]);
  }
  const events = await reader.openEvents();
  expect(events.status).toBe(200);
  scene.engine.rawSwarm.tell(serviceUpdate);
  const line = await waitUntil('the event arrives', () => events.lines()[0]);
  expect(JSON.parse(line)).toMatchObject({ Type: 'service', Action: 'update', Actor: { Attributes: { name: 'meet_backend' } } });
});
