import { runCommand, type CommandOptions } from '../run-command.ts';

/** A Docker engine, and the docker CLI for it. */
export interface Engine {
  /** The value for DOCKER_HOST. */
  readonly host: string;
  /** The path of a docker CLI with the compose and buildx plugins. */
  readonly dockerCli: string;
  /** DOCKER_HOST, PATH, DOCKER_CONFIG and more, for `docker`, `docker compose` and `docker build`. */
  readonly env: Record<string, string>;
  /** Started by the tests, which may stop, restart and break it. False for an engine that the tests are guests of. */
  readonly provided: boolean;
  /** The address of this machine on which containers publish ports. */
  readonly publishAddress: string;
  /** Releases the engine. The last user of a provided engine ends it. Safe to call twice. */
  stop(): Promise<void>;
}

/** On a busy machine runc sometimes fails to freeze a container before a signal. The container runs on unchanged. */
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
