import { chmodSync, copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand as runBuilt } from '../../support/built-command.ts';
import { docker, type Engine } from '../../providers/engine/docker-command.ts';
import { runCommand, tryCommand, type CommandResult } from '../../providers/run-command.ts';
import type { Images } from '../../providers/engine/stand-ins.ts';
import { composeProjectName, runId } from '../../providers/engine/test-run.ts';
import { findSocket } from '../image/mounted-socket.ts';
import { exampleOverride } from './override.ts';

interface RunningService {
  readonly ID: string;
  readonly Service: string;
  readonly Health: string;
  readonly State: string;
}

/** A line of the socket proxy's log. */
interface ProxyDecision {
  readonly decision: string;
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
}

/** The compose example in a new folder, with stand-ins for images that no test can pull. */
export interface ExampleStack {
  readonly project: string;
  readonly folder: string;
  readonly meetGenImage: string;
  readonly env: Readonly<Record<string, string>>;
  /** `docker compose` with the example, .env.example and the stand-ins. */
  compose(...args: readonly string[]): Promise<string>;
  tryCompose(...args: readonly string[]): Promise<CommandResult>;
  /** `docker compose` without the stand-ins: only the example, its overlay if hardened, and .env. */
  plainCompose(...args: readonly string[]): Promise<CommandResult>;
  services(): Promise<readonly RunningService[]>;
  outerPort(): Promise<number>;
  proxyDecisions(): Promise<readonly ProxyDecision[]>;
  remove(): Promise<void>;
}

interface ExampleOptions {
  readonly hardened?: boolean;
  readonly more?: string;
  readonly part?: string;
}

export const repository = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Makes the folder, and starts no container. `hardened` adds the overlay and the hook's script. `more` is the text of
 * another compose file. `part` names the project.
 */
export async function createExample(
  engine: Engine,
  images: Images,
  { hardened = false, more = '', part = hardened ? 'hardened' : 'example' }: ExampleOptions = {},
): Promise<ExampleStack> {
  const project = composeProjectName(part);
  const socket = await findSocket(engine, images);
  // This image doesn't exist yet, as on a user's machine, so compose has to build it.
  const meetGenImage = `meet-gen-test/${part}:${runId}`;
  const folder = mkdtempSync(join(tmpdir(), 'meet-gen-example-'));
  const files = ['compose.example.yml', ...(hardened ? ['compose.hardened.yml'] : [])];
  for (const name of [...files, '.env.example']) copyFileSync(join(repository, name), join(folder, name));
  if (hardened) await addHook(folder);
  // For the services' env_file. Compose itself reads variables from .env.example.
  copyFileSync(join(folder, '.env.example'), join(folder, '.env'));
  writeFileSync(join(folder, 'override.yml'), exampleOverride(images, meetGenImage, repository, `${project}-outside`));
  if (more !== '') writeFileSync(join(folder, 'more.yml'), more);
  const env = { ...engine.env, DOCKER_SOCKET: socket.path, DOCKER_GID: socket.groupId };
  const example = ['compose', ...files.flatMap((name) => ['--file', join(folder, name)])];
  const standIns = [
    ...example,
    '--file',
    join(folder, 'override.yml'),
    ...(more === '' ? [] : ['--file', join(folder, 'more.yml')]),
    '--env-file',
    join(folder, '.env.example'),
    '--project-name',
    project,
  ];
  const compose = (...args: readonly string[]): Promise<string> => runCommand(engine.dockerCli, [...standIns, ...args], { env });

  return {
    project,
    folder,
    meetGenImage,
    env,
    compose,
    tryCompose: (...args) => tryCommand(engine.dockerCli, [...standIns, ...args], { env }),
    plainCompose: (...args) => tryCommand(engine.dockerCli, [...example, ...args], { env: engine.env, cwd: folder }),
    services: async () => parseLines(await compose('ps', '--all', '--no-trunc', '--format', 'json')) as RunningService[],
    outerPort: async () => Number((await compose('port', 'nginx-proxy', '80')).trim().split(':').at(-1)),
    async proxyDecisions() {
      const [id = ''] = (await compose('ps', '--quiet', 'docker-proxy')).split('\n');
      return parseLines(await docker(engine, ['logs', id])) as ProxyDecision[];
    },
    async remove() {
      await compose('down', '--volumes', '--remove-orphans', '--timeout', '1');
      await tryCommand(engine.dockerCli, ['image', 'rm', '--force', meetGenImage], { env });
      rmSync(folder, { recursive: true });
    },
  };
}

/** Writes the hook by the overlay's first lines, and copies the templates from the checkout. */
async function addHook(folder: string): Promise<void> {
  const { stdout } = await runBuilt(['hook']);
  writeFileSync(join(folder, 'meet-gen-hook.sh'), stdout);
  chmodSync(join(folder, 'meet-gen-hook.sh'), 0o755);
  cpSync(join(repository, 'templates'), join(folder, 'templates'), { recursive: true });
}

/** The rendered file in a frontend, by the frontend's number. */
export function publishedFile(stack: ExampleStack, index = 1): Promise<string> {
  return stack.compose('exec', '--no-TTY', '--index', String(index), 'frontend', 'cat', '/etc/nginx/meet-routing/routing.conf');
}

/** The format for a container's address on the project's own network. */
export function addressFormat(stack: ExampleStack): string {
  return `{{with index .NetworkSettings.Networks "${stack.project}_internal"}}{{.IPAddress}}{{end}}`;
}

/** The addresses of a service's containers on the project's own network. */
export async function addressesOf(engine: Engine, stack: ExampleStack, service: string): Promise<readonly string[]> {
  const ids = (await stack.services()).filter((one) => one.Service === service).map((one) => one.ID);
  return (await docker(engine, ['inspect', '--format', addressFormat(stack), ...ids])).trim().split('\n').toSorted();
}

function parseLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as unknown);
}
