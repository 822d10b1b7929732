import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { protocolHeader } from '../../src/source/swarm/signature.ts';
import type { FakeSwarm } from '../support/fake-engine/swarm.ts';
import { dockerTask } from '../support/swarm/docker-json.ts';
import { newNonce, startReader } from '../support/swarm/reader.ts';
import { test, waitForStatus } from './swarm-scene.ts';
import type { SwarmScene } from './swarm-scene.ts';

// Readers and meet-gen of neighbouring versions.

type Json = Readonly<Record<string, unknown>>;
type Change = (entry: Json) => Json;

/** The swarm as a reader of another version shows it. */
function shownBy(change: Change, swarm: FakeSwarm): FakeSwarm {
  const changed = (answer: string): string => JSON.stringify((JSON.parse(answer) as readonly Json[]).map(change));
  return { ...swarm, services: () => changed(swarm.services()), tasks: () => changed(swarm.tasks()) };
}

/** Adds a field to each object in a value. */
function withMore(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMore);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([key, field]) => [key, key === 'Labels' ? field : withMore(field)] as const);
  return { ...Object.fromEntries(fields), NewerField: { Of: ['a later version', 1, null] } };
}

/** The fields without which a value has another meaning. `Network` and `Spec` of a network have a name. */
const needed = new Set(
  (
    'ID Version Index Spec Name Labels TaskTemplate ContainerSpec ServiceID NodeID Status State DesiredState ' +
    'NetworksAttachments Network Addresses'
  ).split(' '),
);

function withLess(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withLess);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([key]) => needed.has(key));
  return Object.fromEntries(fields.map(([key, field]) => [key, key === 'Labels' ? field : withLess(field)]));
}

const versions: readonly (readonly [name: string, change: Change, headers: Readonly<Record<string, string>>])[] = [
  ['more fields and another header', (entry) => withMore(entry) as Json, { 'meet-gen-later': 'a later version' }],
  ['the necessary fields alone', (entry) => withLess(entry) as Json, {}],
];

async function runWithSecret({ scene, managers, run }: SwarmScene): Promise<void> {
  const secret = 'a secret of enough bytes';
  const file = join(scene.folder, 'secret');
  await writeFile(file, secret);
  for (const manager of managers) manager.secret = Buffer.from(secret);
  run(['--reader-secret', file]);
}

for (const [name, change, headers] of versions) {
  test.concurrent(`a reader that answers with ${name} is understood`, async ({ meet }) => {
    const { scene, swarm, managers } = meet;
    for (const manager of managers) Object.assign(manager, { swarm: shownBy(change, swarm), readerHeaders: headers });
    const ended = meet.backend(20);
    meet.backend(21);
    await runWithSecret(meet);
    await scene.serves(meet.server(20));
    expect(await scene.content()).toContain(meet.server(21));
    swarm.change(ended, { state: 'failed', desired: 'shutdown' });
    await scene.stopsServing(meet.server(20));
    swarm.service('meet_backend', { containerLabels: { 'meet.role': 'backend' }, labels: { 'meet.drain': 'true' } });
    const { problems } = await waitForStatus(scene, 'drained', ({ instances }) =>
      JSON.stringify(instances).includes('drained by meet.drain=true'),
    );
    expect(problems.filter(({ code }) => code === 'engine-unreachable')).toEqual([]);
  });
}

test.concurrent('a reader with another protocol is refused with the cure, and another manager is asked', async ({ meet }) => {
  const { scene, managers } = meet;
  for (const manager of managers) manager.readerHeaders = { [protocolHeader]: '2' };
  meet.backend(20);
  await runWithSecret(meet);
  const refused = 'its version of meet-gen is not compatible with this one';
  const { problems } = await waitForStatus(scene, 'refused', (status) => status.problems.some(({ message }) => message.includes(refused)));
  expect(problems.find(({ message }) => message.includes(refused))?.message).toContain('use the same image for meet-gen and the readers');
  await expect(scene.content()).rejects.toThrow('ENOENT');
  for (const manager of managers.slice(1)) manager.readerHeaders = {};
  await scene.serves(meet.server(20));
});

test.concurrent('a reader answers a meet-gen that sends more headers and a query', async ({ scene }) => {
  scene.engine.rawSwarm.tasks = [dockerTask()];
  const reader = await startReader(scene);
  const headers = { ...newNonce().headers, 'meet-gen-later': 'a later version', accept: 'application/json' };
  const answer = await reader.ask('/tasks?later=true', { headers });
  expect(answer).toMatchObject({ status: 200, headers: { [protocolHeader]: '1' } });
});
