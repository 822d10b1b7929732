import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { rotationProblems } from '../../../src/routes/rotation-problems.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { backend, filesService, frontend, observe } from '../../support/containers.ts';

function reported(...containers: readonly Container[]): readonly (readonly [code: string, service?: string])[] {
  const [instance] = readInstances(observe(containers)).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return rotationProblems(instance, planRouting(instance, []).routes).map(({ code, value }) => [code, value ?? '']);
}

describe('the problems of routed services', () => {
  it.each<[string, readonly Container[], readonly (readonly [string, string])[]]>([
    ['nothing where somebody is ready', [frontend(), backend({ health: 'healthy' })], []],
    ['nothing where the only one is starting', [frontend(), backend({ health: 'starting' })], []],
    ['nobody where all have ended', [frontend(), backend({ state: 'exited' })], [['nobody-in-rotation', 'meet/backend']]],
    ['nobody where no backend is there', [frontend()], [['nobody-in-rotation', 'meet/backend']]],
    ['the unhealthy where there is nobody else', [frontend(), backend({ health: 'unhealthy' })], [['unhealthy-in-use', 'meet/backend']]],
    [
      'each service by itself',
      [frontend(), backend(), filesService({ state: 'exited', labels: { 'meet.paths': '/files' } })],
      [['nobody-in-rotation', 'meet/files']],
    ],
    [
      'the SPA behind a router',
      [frontend({ name: 'router', labels: { 'meet.role': 'router' } }), frontend({ state: 'exited' }), backend()],
      [['nobody-in-rotation', 'SPA']],
    ],
  ])('is %s', (_, containers, problems) => {
    expect(reported(...containers)).toEqual(problems);
  });

  it('stay the same while containers are recreated', () => {
    expect(reported(frontend(), backend({ state: 'exited' }))).toEqual(reported(frontend()));
  });
});
