import { waitUntil } from '../../support/wait-until.ts';
import { docker, type Engine } from './docker-command.ts';
import { runLabel } from './test-run.ts';

/**
 * Runs a container to its end, and returns its output. On a busy machine, docker's client sometimes attaches too late
 * for the output of a short container. The container is then run again.
 */
export async function runForOutput(engine: Pick<Engine, 'dockerCli' | 'env'>, args: readonly string[]): Promise<string> {
  return waitUntil(
    'the output has arrived',
    async () => (await docker(engine, ['run', '--rm', '--label', runLabel, ...args])).trim() || undefined,
  );
}
