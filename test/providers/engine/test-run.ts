import { randomBytes } from 'node:crypto';
import { docker, type Engine } from './docker-command.ts';

const variable = 'MEETGEN_TEST_RUN';

/** The id of this test run. Child processes (vitest's workers) inherit it through the environment. */
export const runId: string = (process.env[variable] ??= randomBytes(4).toString('hex'));

const runLabelName = 'meet-gen.test.run';

/** The label on everything that a test makes: `docker run --label ${runLabel}`. */
export const runLabel = `${runLabelName}=${runId}`;

/** The label on images that tests make under another project's name on another user's engine. */
export const wellKnownNameLabel = 'meet-gen.test.stand-in-for';

/** A compose project name for this run. `cleanUp` removes everything that compose makes under it. */
export function composeProjectName(part: string): string {
  return `${projectPrefix}${part}`;
}

const anyProjectPrefix = 'mgt-';
const projectPrefix = `${anyProjectPrefix}${runId}-`;
const projectLabel = 'com.docker.compose.project';

const idFormat = (kind: string | undefined): string => (kind === 'volume' ? '{{.Name}}' : '{{.ID}}');

/**
 * Removes every container, network and volume of this run, and the stand-ins with well-known names on a guest's engine.
 * `anyRun` also removes what crashed runs left. Use it only while no other run is active.
 */
export async function cleanUp(engine: Engine, { anyRun = false }: { anyRun?: boolean } = {}): Promise<void> {
  const label = anyRun ? runLabelName : runLabel;
  const prefix = anyRun ? anyProjectPrefix : projectPrefix;
  const kinds = [
    { list: ['container', 'ls', '--all'], remove: ['container', 'rm', '--force', '--volumes'] },
    { list: ['network', 'ls'], remove: ['network', 'rm'] },
    { list: ['volume', 'ls'], remove: ['volume', 'rm', '--force'] },
  ];
  for (const { list, remove } of kinds) {
    const labelled = await lines(engine, [...list, '--filter', `label=${label}`, '--format', idFormat(list[0])]);
    const composed = await lines(engine, [
      ...list,
      '--filter',
      `label=${projectLabel}`,
      '--format',
      `${idFormat(list[0])} {{.Label "${projectLabel}"}}`,
    ]);
    const ofProjects = composed.filter((line) => line.split(' ')[1]?.startsWith(prefix)).map((line) => line.split(' ')[0] ?? '');
    const found = [...new Set([...labelled, ...ofProjects])];
    if (found.length > 0) await docker(engine, [...remove, ...found]);
  }
  const built = await lines(engine, ['image', 'ls', '--quiet', '--filter', `label=${label}`]);
  if (built.length > 0) await docker(engine, ['image', 'rm', '--force', ...new Set(built)]);
  if (!engine.provided) await removeLentNames(engine);
}

/** Removes everything except named images from one of the tests' engines. */
export async function removeAllButImages(engine: Pick<Engine, 'dockerCli' | 'env'>): Promise<void> {
  const containers = await lines(engine, ['container', 'ls', '--all', '--quiet']);
  if (containers.length > 0) await docker(engine, ['container', 'rm', '--force', '--volumes', ...containers]);
  await docker(engine, ['network', 'prune', '--force']);
  await docker(engine, ['volume', 'prune', '--all', '--force']);
  await docker(engine, ['image', 'prune', '--force']);
}

async function removeLentNames(engine: Engine): Promise<void> {
  const names = await lines(engine, ['image', 'ls', '--filter', `label=${wellKnownNameLabel}`, '--format', '{{.Repository}}:{{.Tag}}']);
  const lent = names.filter((name) => !name.startsWith('meet-gen-test/') && !name.includes('<none>'));
  if (lent.length > 0) await docker(engine, ['image', 'rm', ...lent]);
}

async function lines(engine: Pick<Engine, 'dockerCli' | 'env'>, args: readonly string[]): Promise<string[]> {
  return (await docker(engine, args)).split('\n').filter((line) => line !== '');
}
