import { docker, type Engine } from '../../providers/engine/docker-command.ts';
import { runLabel } from '../../providers/engine/test-run.ts';

interface Container {
  readonly id: string;
  remove(): Promise<unknown>;
}

/** As an operator should run meet-gen, and with the label of this run. */
const usual = ['--detach', '--label', runLabel, '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'] as const;

/** Starts a container; the arguments are what follows `docker run`. */
export async function startContainer(engine: Engine, args: readonly string[]): Promise<Container> {
  const id = (await docker(engine, ['run', ...usual, ...args])).trim();
  return { id, remove: () => docker(engine, ['rm', '--force', '--volumes', id]) };
}

/** Does something with a container that runs, and takes it away. */
export async function withContainer<Result>(
  engine: Engine,
  args: readonly string[],
  act: (container: string) => Promise<Result>,
): Promise<Result> {
  const container = await startContainer(engine, args);
  try {
    return await act(container.id);
  } finally {
    await container.remove();
  }
}

/** Node that does nothing, in this image. */
export function bareNode(image: string): readonly string[] {
  return ['--network', 'none', '--entrypoint', 'node', image, '-e', bareProgram];
}

export const bareProgram = 'setInterval(() => {}, 1e6)';
