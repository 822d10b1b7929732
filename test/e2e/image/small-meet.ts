import { docker, type Engine } from '../../providers/engine/docker-command.ts';
import { tryCommand, type CommandResult } from '../../providers/run-command.ts';
import type { Images } from '../../providers/engine/stand-ins.ts';
import { tarArchive } from '../../support/tar-archive.ts';
import { composeProjectName, runLabel } from '../../providers/engine/test-run.ts';
import { shippedStub } from '../../support/real-layout.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { ask, type Answer } from '../seed/ask.ts';

type Health = 'starting' | 'healthy' | 'unhealthy';

/** A frontend and a backend with labels, beside meet-gen's image, without compose. */
export interface SmallMeet {
  readonly name: string;
  readonly network: string;
  /** The ids of the two containers. */
  readonly frontend: string;
  readonly backend: string;
  /** Starts meet-gen with an operator's options: read-only, no capabilities, no new privileges. */
  startMeetGen(args: readonly string[]): Promise<string>;
  /** Starts any other container on the same network. */
  start(args: readonly string[], image: string, command?: readonly string[]): Promise<string>;
  /** Asks for the API through the frontend's routing server until the backend answers. */
  waitUntilRouted(): Promise<Answer>;
  waitForHealth(container: string, wanted: Health): Promise<void>;
  log(container: string): Promise<string>;
  remove(): Promise<void>;
}

const hardened = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
const quickHealth = ['--health-interval', '500ms', '--health-retries', '1', '--health-start-period', '1ms', '--health-timeout', '5s'];
const limitMs = 30_000;

/**
 * @param part a name that is unique in this run
 * @param singleFile a file on the engine's machine, mounted alone in place of the hand-written file, the volume and the
 * stub
 */
export async function startSmallMeet(
  engine: Engine,
  images: Images,
  meetGenImage: string,
  part: string,
  singleFile?: string,
): Promise<SmallMeet> {
  const name = composeProjectName(part);
  const containers: string[] = [];
  const run = (...args: readonly string[]): Promise<string> => docker(engine, args);
  await run('network', 'create', '--label', runLabel, name);
  await run('volume', 'create', '--label', runLabel, name);

  const create = async (args: readonly string[]): Promise<string> => {
    const container = (await run('create', '--label', runLabel, '--network', name, ...args)).trim();
    containers.push(container);
    return container;
  };
  const start: SmallMeet['start'] = async (args, image, command = []) => {
    const container = await create([...args, image, ...command]);
    await run('start', container);
    return container;
  };
  const labels = (role: string): string[] => ['--label', `meet.role=${role}`, '--label', `meet.instance=${name}`];

  const frontend = await create([
    '--name',
    `${name}-frontend-1`,
    '--restart',
    'always',
    '--publish',
    '127.0.0.1::8083',
    ...labels('frontend'),
    '--volume',
    singleFile === undefined ? `${name}:/etc/nginx/meet-routing:ro` : `${singleFile}:/etc/nginx/conf.d/routing.conf:ro`,
    '--entrypoint',
    '/docker-entrypoint.sh',
    images.frontend['1.30'],
    'nginx',
    '-g',
    'daemon off;',
  ]);
  if (singleFile === undefined)
    await docker(engine, ['cp', '-', `${frontend}:/`], { stdin: tarArchive({ 'etc/nginx/conf.d/routing.conf': shippedStub() }) });
  await run('start', frontend);
  const backend = await start([...labels('backend')], images.backend);
  const port = Number((await run('port', frontend, '8083/tcp')).split('\n')[0]?.split(':').at(-1));
  const log = async (container: string): Promise<string> => {
    const { stdout, stderr } = await tryCommand(engine.dockerCli, ['logs', container], { env: engine.env });
    return stdout + stderr;
  };

  const out = singleFile === undefined ? ['--volume', `${name}:/routing`] : ['--volume', `${singleFile}:/nginx-routing.conf`];

  return {
    name,
    network: name,
    frontend,
    backend,
    startMeetGen: (args) => start([...hardened, ...quickHealth, ...out, '--env', `MEET_GEN_INSTANCE=${name}`, ...args], meetGenImage),
    start,
    waitUntilRouted: () =>
      waitUntil(
        'the frontend routes the API to the backend',
        async () => {
          const answer = await ask(port, { method: 'GET', path: '/api/v1.0/config/', headers: {}, kind: 'usual' }).catch(() => undefined);
          return answer?.by === 'backend' ? answer : undefined;
        },
        limitMs,
      ),
    async waitForHealth(container, wanted) {
      let last = '';
      await waitUntil(
        `the container is ${wanted}`,
        async () => {
          last = await run('inspect', '--format', '{{.State.Status}} {{json .State.Health}}', container);
          return last.includes(`"Status":"${wanted}"`);
        },
        limitMs,
        () => last,
      );
    },
    log,
    async remove() {
      await run('rm', '--force', '--volumes', ...containers);
      await run('network', 'rm', name);
      await run('volume', 'rm', name);
    },
  };
}

/**
 * Runs the image to its end with `docker run --rm`. Repeats the run if docker's client attached too late for the
 * output.
 */
export async function runImage(
  engine: Engine,
  image: string,
  options: readonly string[],
  command: readonly string[],
): Promise<CommandResult> {
  const args = ['run', '--rm', '--label', runLabel, '--network', 'none', ...options, image, ...command];
  return waitUntil('docker run prints the output', async () => {
    const end = await tryCommand(engine.dockerCli, args, { env: engine.env, timeoutMs: 60_000 });
    return end.stdout + end.stderr !== '' && end;
  });
}
