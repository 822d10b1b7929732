import { waitUntil } from '../../support/wait-until.ts';
import { docker, type Engine } from './docker-command.ts';
import { runLabel } from './test-run.ts';

/**
 * Runs a container to its end that has something to say, and returns that. On a busy machine docker's client sometimes comes too late
 * for what so short a life prints: then it is run again.
 */
export async function runUntilHeard(engine: Pick<Engine, 'dockerCli' | 'env'>, args: readonly string[]): Promise<string> {
  return waitUntil('it is heard', async () => (await docker(engine, ['run', '--rm', '--label', runLabel, ...args])).trim() || undefined);
}
