import { runCommand, type CommandOptions } from '../run-command.ts';

/** A Docker engine and the command line that reaches it. */
export interface Engine {
  /** The value for DOCKER_HOST. */
  readonly host: string;
  /** Path of a docker CLI that has the compose and buildx plugins. */
  readonly dockerCli: string;
  /** DOCKER_HOST, PATH, DOCKER_CONFIG and more, so that `docker`, `docker compose`, `docker build` work. */
  readonly env: Record<string, string>;
  /** Started by the tests, so theirs to stop, restart and break; false for a guest's engine. */
  readonly provided: boolean;
  /** The address of this machine's that containers publish ports on, and are reached at from here. */
  readonly publishAddress: string;
  /** Lets go of the engine; the last user of a provided one ends it. Safe to call twice. */
  stop(): Promise<void>;
}

/** On a busy machine runc gives up now and then before a container stands still, and lets it run on: nothing has happened then. */
const isUnfrozen = /unable to freeze/;
const mostTries = 5;

/** Runs the docker CLI against an engine; returns its standard output, throws with its standard error. */
export async function docker(
  engine: Pick<Engine, 'dockerCli' | 'env'>,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const run = (): Promise<string> => runCommand(engine.dockerCli, args, { ...options, env: { ...engine.env, ...options.env } });
  for (let tries = 1; args[0] === 'pause' && tries < mostTries; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (!isUnfrozen.test((error as Error).message)) throw error;
    }
  }
  return run();
}
