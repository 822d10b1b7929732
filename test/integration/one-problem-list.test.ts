import { describe, expect } from 'vitest';
import { problemLine } from '../../src/model/print-problem.ts';
import { problemTable } from '../../src/model/problem.ts';
import type { Problem, ProblemCode } from '../../src/model/problem.ts';
import { runCommand } from '../support/built-command.ts';
import type { CommandEnd } from '../support/built-command.ts';
import { composeLabels, network, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';
import { situations } from './situations.ts';
import type { SituationName } from './situations.ts';

// The running sidecar and `render` list the same problems. Here are the codes that only the sidecar can find.

const onlyInStatus: Readonly<Record<SituationName, readonly ProblemCode[]>> = {
  'all well': [],
  'backend starting': [],
  'backend unhealthy': [],
  // Only the sidecar knows what an operator drained.
  'backend draining': ['drained'],
  'no replica left': [],
  'label typo': [],
  'contested route': [],
  'nginx refused': ['reload-rejected', 'route-left-out'],
  'engine away': ['engine-unreachable'],
  'frontend not verified': ['reload-unverified'],
};

function render(scene: Scene): Promise<CommandEnd> {
  return runCommand(['render', '--docker-host', scene.engine.host]);
}

const lineOf = (item: Problem): string => `meet-gen: ${problemLine(item)}`;
const linesOf = ({ stderr }: CommandEnd): readonly string[] => stderr.split('\n').filter((line) => line !== '');

for (const { name, arrange } of situations) {
  test.concurrent(`render lists the problems of /status: ${name}`, async ({ scene }) => {
    await arrange(scene);
    const { problems } = await scene.status();
    const end = await render(scene);
    const shared = problems.filter(({ code }) => !onlyInStatus[name].includes(code));
    expect([...new Set(problems.filter((item) => !shared.includes(item)).map(({ code }) => code))].toSorted()).toEqual(onlyInStatus[name]);
    if (name === 'engine away') {
      expect(end).toMatchObject({ code: 3, stdout: '' });
      return;
    }
    expect(linesOf(end).toSorted()).toEqual(shared.map(lineOf).toSorted());
    expect(end.code).toBe(shared.some(({ severity }) => severity !== 'notice') ? 7 : 0);
  });
}

test.concurrent('both list services without a replica in rotation, and services with an unhealthy replica in rotation', async ({
  scene,
}) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20, { health: 'unhealthy' });
  const labels = composeLabels('meet', 'files', { 'meet.role': 'service', 'meet.paths': '/files', 'meet.port': '3000' });
  scene.engine.world.add({ name: 'files', labels, networks: { [network]: scene.address(30) }, prefixLength: 24 });
  scene.engine.world.stop('files');
  scene.run();
  const { problems } = await waitForStatus(scene, 'both problems are listed', (status) => status.converged && status.problems.length === 2);
  expect(problems.map(({ code, value }) => [code, value])).toEqual([
    ['nobody-in-rotation', 'meet/files'],
    ['unhealthy-in-use', 'meet/backend'],
  ]);
  const end = await render(scene);
  expect(end.code).toBe(7);
  expect(linesOf(end)).toEqual(problems.map(lineOf));
});

test.concurrent('a line of render names the other project that a container belongs to', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.backend('stranger', 21, {
    labels: composeLabels('elsewhere', 'files', { 'meet.role': 'service', 'meet.instance': 'meet', 'meet.paths': '/f', 'meet.port': '1' }),
  });
  const { stderr } = await render(scene);
  expect(stderr).toMatch(/^meet-gen: notice: meet, stranger\b.*\belsewhere\b.*\(foreign-project\)$/m);
});

const labelled = (labels: object): object => ({ labels });
const project = (services: object): string =>
  JSON.stringify({ name: 'meet', services: { frontend: labelled({ 'meet.role': 'frontend' }), ...services } });

describe('render --compose', () => {
  const backend = labelled({ 'meet.role': 'backend' });
  const files = { 'meet.role': 'service', 'meet.paths': '/files' };
  test.concurrent.for([
    { name: 'lists no problem for a complete project, although no container runs', stdin: project({ backend }), codes: [] },
    { name: 'lists a missing backend', stdin: project({}), codes: ['nobody-in-rotation'] },
    {
      name: 'lists a service without a network once, without the problems that follow',
      stdin: project({ backend, files: { ...labelled(files), expose: ['80'], network_mode: 'none' } }),
      codes: ['no-shared-network'],
    },
    {
      name: 'lists the drain of the only backend, which stays in rotation',
      stdin: project({ backend: labelled({ 'meet.role': 'backend', 'meet.drain': 'true' }) }),
      codes: ['drained'],
    },
  ])('$name', async ({ stdin, codes }) => {
    const { stderr, code } = await runCommand(['render', '--compose', '-'], { stdin });
    const found = [...stderr.matchAll(/ \(([a-z-]+)\)$/gm)].map(([, one]) => one as ProblemCode);
    expect(found).toEqual(codes);
    expect(code).toBe(found.some((one) => problemTable[one].severity !== 'notice') ? 7 : 0);
  });
});
