import { cpSync, chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { docker } from '../providers/engine/docker-command.ts';
import type { Engine } from '../providers/engine/docker-command.ts';
import type { Images } from '../providers/engine/stand-ins.ts';
import { composeProjectName, runLabel } from '../providers/engine/test-run.ts';
import { composeFile } from './compose-file.ts';
import type { Edits } from './compose-file.ts';

/** A container of the demo, from the engine's description. */
export interface DemoContainer {
  readonly id: string;
  /** The beginning of the id. */
  readonly hostname: string;
  readonly name: string;
  /** The name without the project: `backend-1`. */
  readonly shortName: string;
  readonly running: boolean;
  readonly startedAt: string;
  readonly exitCode: number;
  readonly pid: number;
  /** The address on the project's internal network. */
  readonly address: string;
}

/** The demo's compose project: a folder with compose.yaml and templates, and its containers. */
export interface Project {
  readonly name: string;
  readonly folder: string;
  readonly images: Images;
  /** Runs a docker command line in the folder, as a user would. */
  type(commandLine: string): Promise<string>;
  edit(edits: Edits): void;
  readTemplate(): string;
  writeTemplate(text: string): void;
  containers(service: string): Promise<readonly DemoContainer[]>;
  /** The port on this machine that leads to a service's port. */
  publishedPort(service: string, port: number): Promise<number>;
  killFromOutside(container: DemoContainer): Promise<void>;
}

const checkout = fileURLToPath(new URL('../..', import.meta.url));
export const folderPrefix = 'meet-gen-demo-';
/** The label of containers that `--keep` leaves. Its value is the folder of compose.yaml. */
export const keptLabel = 'meet-gen.test.demo-kept';

/** The name of this run's image, so that two demos don't share one. */
export const imageName = (project: string): string => `meet-gen-test/meet-gen:${project}`;

/** Builds meet-gen's image from the Dockerfile. */
export async function buildMeetGen(engine: Engine): Promise<string> {
  const image = imageName(composeProjectName('demo'));
  await docker(engine, ['build', '--quiet', '--pull=false', '--label', runLabel, '--tag', image, checkout]);
  return image;
}

/** Makes the project's folder, and starts no container. */
export async function createProject(engine: Engine, images: Images, meetGenImage: string, keep: boolean): Promise<Project> {
  const name = composeProjectName('demo');
  const folder = mkdtempSync(join(tmpdir(), folderPrefix));
  // meet-gen reads the folder as another user.
  chmodSync(folder, 0o755);
  cpSync(join(checkout, 'templates'), join(folder, 'templates'), { recursive: true });
  const template = join(folder, 'templates', 'routing.conf.eta');
  const engineSocket = engine.host.startsWith('unix://') ? engine.host.slice('unix://'.length) : '/var/run/docker.sock';
  const [runKey = '', runValue = ''] = runLabel.split('=');
  const setting = {
    project: name,
    images,
    meetGenImage,
    engineSocket,
    socketGroup: await groupOf(engine, engineSocket, images.idle),
    labels: { [runKey]: runValue, ...(keep ? { [keptLabel]: folder } : {}) },
  };
  const inspect = async (ids: readonly string[]): Promise<readonly DemoContainer[]> => {
    if (ids.length === 0) return [];
    const described = JSON.parse(await docker(engine, ['inspect', ...ids])) as readonly Described[];
    return described.map((item) => describe(item, name)).toSorted((left, right) => left.name.localeCompare(right.name));
  };
  return {
    name,
    folder,
    images,
    type(commandLine) {
      const [, ...args] = commandLine.split(' ');
      return docker(engine, args, { cwd: folder });
    },
    edit: (edits) => writeFileSync(join(folder, 'compose.yaml'), composeFile(setting, edits)),
    readTemplate: () => readFileSync(template, 'utf8'),
    writeTemplate: (text) => writeFileSync(template, text),
    async containers(service) {
      const filters = [`label=com.docker.compose.project=${name}`, `label=com.docker.compose.service=${service}`];
      const listed = await docker(engine, ['container', 'ls', '--all', '--quiet', ...filters.flatMap((filter) => ['--filter', filter])]);
      return inspect(listed.split('\n').filter((id) => id !== ''));
    },
    async publishedPort(service, port) {
      const shown = await docker(engine, ['compose', 'port', service, String(port)], { cwd: folder });
      return Number(shown.trim().split(':').at(-1));
    },
    async killFromOutside(container) {
      // The kernel ignores a SIGKILL from inside for a container's first process. The engine may run on another
      // machine.
      const script = `process.kill(${container.pid}, 'SIGKILL')`;
      const outside = ['--rm', '--pid', 'host', '--userns', 'host', '--network', 'none', '--label', runLabel];
      await docker(engine, ['run', ...outside, '--entrypoint', 'node', images.idle, '-e', script]);
    },
  };
}

interface Described {
  readonly Id: string;
  readonly Name: string;
  readonly State: { readonly Running: boolean; readonly StartedAt: string; readonly ExitCode: number; readonly Pid: number };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

function describe({ Id: id, Name: path, State: state, NetworkSettings: settings }: Described, project: string): DemoContainer {
  const name = path.replace(/^\//, '');
  return {
    id,
    hostname: id.slice(0, 12),
    name,
    shortName: name.replace(`${project}-`, ''),
    // The engine also reports Running for a container that it is about to restart.
    running: state.Running && state.Pid > 0,
    startedAt: state.StartedAt,
    exitCode: state.ExitCode,
    pid: state.Pid,
    address: settings.Networks[`${project}_internal`]?.IPAddress ?? '',
  };
}

/** The group that may open the engine's socket, by its number in a container. */
async function groupOf(engine: Engine, socket: string, image: string): Promise<string> {
  const mount = ['--volume', `${socket}:/engine.sock`, '--security-opt', 'label=disable'];
  const script = 'console.log(require("node:fs").statSync("/engine.sock").gid)';
  const output = await docker(engine, [
    'run',
    '--rm',
    '--network',
    'none',
    '--label',
    runLabel,
    ...mount,
    '--entrypoint',
    'node',
    image,
    '-e',
    script,
  ]);
  return output.trim();
}
