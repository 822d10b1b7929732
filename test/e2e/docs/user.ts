import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { repository } from '../../support/docs/pages.ts';
import type { Place } from '../../support/docs/run-block.ts';
import { docker, type Engine } from '../../providers/engine/docker-command.ts';
import { runCommand } from '../../providers/run-command.ts';
import type { Images } from '../../providers/engine/stand-ins.ts';
import { composeProjectName, runId, runLabel } from '../../providers/engine/test-run.ts';
import { findSocket } from '../image/mounted-socket.ts';

/** A user who follows the documentation in a new folder, under this run's project name. */
export interface User extends Place {
  readonly project: string;
  /** The name of meet-gen's image. `meet-gen` may exist on this engine already. */
  readonly image: string;
  /** Writes the compose files, and makes `docker compose` use exactly these. */
  use(files: Readonly<Record<string, string | undefined>>): void;
  compose(...args: readonly string[]): Promise<string>;
  port(service: string, port: number): Promise<number>;
  remove(): Promise<void>;
}

/** Files that a build, an editor or a user leaves in a checkout. */
const notCheckedIn = new Set(['.git', 'node_modules', 'dist', '.env', 'compose.yml', 'compose.override.yml']);

/** Copies the repository as a fresh checkout. */
export function copyRepository(folder: string): void {
  cpSync(repository, folder, { recursive: true, filter: (path) => !notCheckedIn.has(relative(repository, path).split(sep)[0] ?? '') });
}

/** @param part a name that is unique in this run */
export async function createUser(engine: Engine, images: Images, part: string): Promise<User> {
  const project = composeProjectName(part);
  const image = `meet-gen-test/${part}:${runId}`;
  const folder = mkdtempSync(join(tmpdir(), 'meet-gen-user-'));
  const socket = await findSocket(engine, images);
  const env: Record<string, string> = { ...engine.env, COMPOSE_PROJECT_NAME: project, DOCKER_SOCKET: socket.path };
  let names: readonly string[] = [];
  const compose = (...args: readonly string[]): Promise<string> =>
    runCommand(engine.dockerCli, ['compose', ...args], { env, cwd: folder, timeoutMs: 150_000 });
  return {
    folder,
    env,
    project,
    image,
    // The engine may run on another machine.
    rename: (text) =>
      (existsSync(socket.path) ? text : text.replace(/\$?\(?stat -c %g \/var\/run\/docker\.sock\)?/, socket.groupId))
        .replaceAll(/(?<!:)\/var\/run\/docker\.sock/g, socket.path)
        .replaceAll('meet_internal', `${project}_internal`)
        .replaceAll('meet_routing', `${project}_routing`)
        .replaceAll(/\bmeet-(?=(?:backend|frontend|meet-gen)-\d)/g, `${project}-`)
        .replaceAll('docker build -t meet-gen ./meet-gen', `docker image inspect --format {{.Id}} ${image}`)
        .replaceAll(/(docker run (?:[^\n\\]|\\\n)*) meet-gen (?=[a-z])/g, `$1 ${image} `),
    use(files) {
      for (const [name, text] of Object.entries(files)) if (text !== undefined) writeFileSync(join(folder, name), text);
      names = Object.keys(files);
      env['COMPOSE_FILE'] = names.join(':');
    },
    compose,
    port: async (service, port) => Number((await compose('port', service, String(port))).trim().split(':').at(-1)),
    async remove() {
      if (names.every((name) => existsSync(join(folder, name)))) await compose('down', '--volumes', '--remove-orphans', '--timeout', '1');
      const built = (await docker(engine, ['image', 'ls', '--quiet', image])).trim();
      if (built !== '') await docker(engine, ['image', 'rm', '--force', image]);
      await docker(engine, ['image', 'prune', '--force', '--filter', `label=${runLabel}`]);
      rmSync(folder, { recursive: true });
    },
  };
}
