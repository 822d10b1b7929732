import { docker, type Engine } from '../../providers/engine/docker-command.ts';
import { runLabel } from '../../providers/engine/test-run.ts';

interface Container {
  readonly id: string;
  remove(): Promise<unknown>;
}

/** The options with which an operator should run meet-gen, and the label of this run. */
const usual = ['--detach', '--label', runLabel, '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'] as const;

/** Starts a container. The arguments follow `docker run`. */
export async function startContainer(engine: Engine, args: readonly string[]): Promise<Container> {
  const id = (await docker(engine, ['run', ...usual, ...args])).trim();
  return { id, remove: () => docker(engine, ['rm', '--force', '--volumes', id]) };
}

/** Acts on a running container, and removes it. */
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

/** An idle Node in this image. */
export function bareNode(image: string): readonly string[] {
  return ['--network', 'none', '--entrypoint', 'node', image, '-e', bareProgram];
}

export const bareProgram = 'setInterval(() => {}, 1e6)';
