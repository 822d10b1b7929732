import { describe, expect, it } from 'vitest';
import { printStatus } from '../../../src/status/print.ts';
import type { EngineStatus, StatusSnapshot } from '../../../src/status/snapshot.ts';

const connected: EngineStatus = { source: 'docker', place: 'tcp://docker-proxy:2375', connected: true, lastSyncAt: 'T1' };
const swarm: EngineStatus = { ...connected, source: 'swarm', place: 'tcp://tasks.reader:9190' };

function lines(engine: EngineStatus, more: Partial<StatusSnapshot> = {}): readonly string[] {
  return printStatus({ version: '1', ready: true, converged: true, engine, instances: [], problems: [], changes: [], ...more }, 0);
}

describe('the source of the view', () => {
  it.each<[string, EngineStatus, string]>([
    ['an engine', connected, 'engine: connected to tcp://docker-proxy:2375; last look T1'],
    ['managers', swarm, 'managers: connected to tcp://tasks.reader:9190; last look T1'],
    [
      'not connected yet',
      { ...swarm, connected: false, lastSyncAt: null },
      'managers: not connected yet (tcp://tasks.reader:9190); last look never',
    ],
    ['a failure', { ...swarm, error: 'no leader', failingSince: 'T2' }, 'managers: no leader; failing since T2; last look T1'],
    ['of an older meet-gen', { connected: true, lastSyncAt: 'T1' }, 'engine: connected; last look T1'],
  ])('%s', (_, engine, expected) => {
    expect(lines(engine)[1]).toBe(expected);
  });
});

it.each([
  ['docker', 'compose project'],
  ['swarm', 'stack'],
])('names the owner of an instance from %s: a %s', (source, word) => {
  const owner = { project: 'meet', reason: 'name' } as const;
  const instance = { name: 'meet', owner, converged: true, frontends: [], services: [], routes: [] };
  expect(lines({ ...connected, source }, { instances: [instance] })).toContain(`  belongs to the ${word} meet: both have that name`);
});
