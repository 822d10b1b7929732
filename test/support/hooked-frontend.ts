import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { hookScript } from '../../src/commands/hook.ts';
import { readShippedText } from '../../src/render/shipped-templates.ts';
import { provideBusyboxFrontend } from '../providers/engine/busybox-frontend.ts';
import { docker, type Engine } from '../providers/engine/docker-command.ts';
import { tryCommand } from '../providers/run-command.ts';
import type { Images, NginxSeries } from '../providers/engine/stand-ins.ts';
import { tarArchive } from './tar-archive.ts';
import { composeProjectName, runId, runLabel } from '../providers/engine/test-run.ts';
import { waitUntil } from './wait-until.ts';

/** The environment of the hook: nginx's version, and the image with the shell and tools. */
export interface Ground {
  readonly series: NginxSeries;
  readonly shell: 'busybox' | 'dash';
}

interface HookedOptions {
  /** Published before the first start. */
  readonly published?: string;
  /** Keeps /tmp over a restart, in a writable root. Otherwise both are as in compose.hardened.yml. */
  readonly keepsTmp?: boolean;
  /** The size of the /tmp in memory. */
  readonly tmpSize?: string;
  /** Runs a small init as the first process, like compose's `init: true`. */
  readonly init?: boolean;
  /** The tenant's folder in the volume. */
  readonly instance?: string;
}

/** A frontend with the hook, and a volume that the test publishes into as meet-gen does. No meet-gen runs. */
export interface HookedFrontend {
  /** Publishes a file by rename. */
  publish(text: string): Promise<void>;
  /** Runs a shell script as root in the published folder. */
  inVolume(script: string, stdin?: string): Promise<void>;
  /** Runs a command in the container as the frontend's user. */
  exec(...words: readonly string[]): Promise<string>;
  /** Starts a command in the container without waiting for its end. */
  leave(...words: readonly string[]): Promise<string>;
  /** Waits until the frontend answers as wanted. */
  until(wanted: Partial<Seen>, limitMs?: number): Promise<void>;
  /** The body of `/rejected`. */
  rejection(): Promise<string>;
  /** Runs a docker command on the container, such as `restart`. */
  docker(verb: string, ...args: readonly string[]): Promise<string>;
  /** The process ids of the hook's loops. There must always be exactly one. */
  loops(): Promise<readonly string[]>;
  /** Standard output and standard error so far. */
  log(): Promise<string>;
  remove(): Promise<void>;
}

/**
 * The first word of each answer: the routing server's, `/generation`'s and `/rejected`'s. Instead of other statuses
 * than 200 the status, and 0 without an answer.
 */
interface Seen {
  readonly routes: string;
  readonly generation: string;
  readonly rejected: string;
}

const askTimeoutMs = 2000;
const hardened = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
const command = ['nginx', '-g', 'daemon off; worker_shutdown_timeout 1h;'];
const hookPath = '/docker-entrypoint.d/90-meet-gen.sh';
const stubPath = '/etc/nginx/conf.d/routing.conf';
// The same volume, mounted a second time where the test can write.
const writable = '/publish';

/** @param part a name for this container, unique in the run */
export async function startHooked(
  engine: Engine,
  images: Images,
  ground: Ground,
  part: string,
  options: HookedOptions = {},
): Promise<HookedFrontend> {
  const name = composeProjectName(part);
  const run = (...args: readonly string[]): Promise<string> => docker(engine, args);
  const image = await imageOf(engine, images, ground);
  const folder = options.instance === undefined ? '' : `/${options.instance}`;
  const environment = options.instance === undefined ? [] : ['--env', `MEET_GEN_INSTANCE=${options.instance}`];
  const ports = ['8083', '8084'].flatMap((port) => ['--publish', `${engine.publishAddress}::${port}`]);
  const volumes = ['--volume', `${name}:/etc/nginx/meet-routing:ro`, '--volume', `${name}:${writable}`];
  const entry = ['--entrypoint', '/docker-entrypoint.sh'];
  const inMemory = ['--tmpfs', options.tmpSize === undefined ? '/tmp' : `/tmp:size=${options.tmpSize}`, ...hardened];
  const tmp = [...(options.keepsTmp === true ? [] : inMemory), ...(options.init === true ? ['--init'] : [])];
  await run('volume', 'create', '--label', runLabel, name);
  await run('create', '--label', runLabel, '--name', name, ...tmp, ...environment, ...volumes, ...ports, ...entry, image, ...command);
  if (options.published !== undefined) {
    const files = tarArchive({ [`${folder}/routing.conf`.slice(1)]: options.published });
    await docker(engine, ['cp', '-', `${name}:${writable}`], { stdin: files });
  }
  await run('start', name);

  const exec = (...words: readonly string[]): Promise<string> => run('exec', name, ...words);
  const log = async (): Promise<string> => {
    const { stdout, stderr } = await tryCommand(engine.dockerCli, ['logs', name], { env: engine.env });
    return stdout + stderr;
  };
  const inVolume = async (script: string, stdin = ''): Promise<void> => {
    const there = `mkdir -p ${writable}${folder} && cd ${writable}${folder} && ${script}`;
    await docker(engine, ['exec', '--interactive', '--user', '0', name, 'sh', '-c', there], { stdin });
  };
  let published = new Map<number, number>();
  const findPorts = async (): Promise<void> => {
    const output = await tryCommand(engine.dockerCli, ['port', name], { env: engine.env });
    const pairs = [...output.stdout.matchAll(/^(\d+)\/tcp -> .*:(\d+)$/gm)];
    published = new Map(pairs.map(([, inside, outside]) => [Number(inside), Number(outside)]));
  };
  const ask = (port: number, path: string): Promise<Answer> => askPort(engine.publishAddress, published.get(port), path);
  const askFor: Readonly<Record<keyof Seen, () => Promise<Answer>>> = {
    routes: () => ask(8083, '/'),
    generation: () => ask(8084, '/generation'),
    rejected: () => ask(8084, '/rejected'),
  };
  const look = async (keys: readonly (keyof Seen)[]): Promise<Partial<Seen>> => {
    const answers = await Promise.all(keys.map((key) => askFor[key]()));
    // A restart changes the published ports.
    if (answers.some(({ status }) => status === 0)) await findPorts();
    return Object.fromEntries(answers.map((answer, index) => [keys[index], firstWord(answer)]));
  };
  return {
    exec,
    leave: (...words) => run('exec', '--detach', name, ...words),
    publish: (text) => inVolume('cat > .new && mv .new routing.conf', text),
    inVolume,
    async until(wanted, limitMs = 60_000) {
      const keys = Object.keys(wanted) as (keyof Seen)[];
      let seen: Partial<Seen> = {};
      await waitUntil(
        `the frontend answers: ${JSON.stringify(wanted)}`,
        async () => {
          seen = await look(keys);
          return keys.every((key) => seen[key] === wanted[key]);
        },
        limitMs,
        () => JSON.stringify(seen),
      ).catch(async (error: Error) => {
        throw new Error(`${error.message}\n${(await log()).slice(-3000)}`);
      });
    },
    rejection: async () => (await ask(8084, '/rejected')).body,
    async loops() {
      // A process may end between the listing and the reading. It is skipped: the loop then ends with 0.
      const list = `for process in /proc/[0-9]*; do
        { read -r id _ _ parent _ < "$process/stat" && echo "$id $parent $(tr '\\0' ' ' < "$process/cmdline")"; } 2> /dev/null || :
      done`;
      const processes = (await exec('sh', '-c', list)).split('\n').map((line) => line.split(' '));
      const ofHook = processes.filter(([, , , script]) => script === hookPath);
      const ids = new Set(ofHook.map(([id]) => id));
      // A process that the loop has just forked has the loop's command line until it becomes `sleep`.
      return ofHook.filter(([, parent]) => !ids.has(parent)).map(([id]) => id ?? '');
    },
    docker: (verb, ...args) => run(verb, ...args, name),
    log,
    async remove() {
      await run('rm', '--force', name);
      await run('volume', 'rm', name);
    },
  };
}

/** A routing.conf in meet-gen's layout whose routing server answers this name. `more` comes before its servers. */
export function routesSaying(name: string, { more = '', inServer = '' }: { more?: string; inServer?: string } = {}): string {
  return `${more}
server {
    listen 8083;
    server_name localhost;
    ${inServer}
    location / { return 200 "${name} answers\\n"; }
}
server {
    listen 8084;
    server_name localhost;
    location = /generation { return 200 "${name} $nginx_version\\n"; }
    location = /rejected { alias /tmp/meet-gen/rejected; default_type text/plain; log_not_found off; }
}
`;
}

/**
 * Like `routesSaying`, with a shared zone. A running nginx refuses to change the zone's key, which its configuration
 * test doesn't show.
 */
export function limitedBy(key: string, name: string): string {
  return routesSaying(name, { more: `limit_req_zone ${key} zone=shared:1m rate=1000r/s;`, inServer: 'limit_req zone=shared;' });
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * The frontend's image with the hook and its stub. They are in the image because a read-only root takes no files later.
 */
async function imageOf(engine: Engine, images: Images, { series, shell }: Ground): Promise<string> {
  const base = shell === 'dash' ? images.frontend[series] : await provideBusyboxFrontend(engine, images, series);
  const name = `meet-gen-test/hooked:${runId}-${series}-${shell}`;
  const dockerfile = `FROM ${base}\nCOPY --chmod=755 hook.sh ${hookPath}\nCOPY --chmod=644 stub.conf ${stubPath}\n`;
  const context = tarArchive({ Dockerfile: dockerfile, 'hook.sh': hookScript(), 'stub.conf': readShippedText('hook-stub.conf') });
  await docker(engine, ['build', '--quiet', '--pull=false', '--label', runLabel, '--tag', name, '-'], { stdin: context });
  return name;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Status 0 means no answer. */
function askPort(host: string, port: number | undefined, path: string): Promise<Answer> {
  return new Promise((resolve) => {
    if (port === undefined) {
      resolve({ status: 0, body: '' });
      return;
    }
    const asked = request({ host, port, path, agent: false, timeout: askTimeoutMs }, (response) => {
      void readText(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, body }),
        () => resolve({ status: 0, body: '' }),
      );
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve({ status: 0, body: '' }));
    asked.end();
  });
}

function firstWord({ status, body }: Answer): string {
  return status === 200 ? (/^\S+/.exec(body)?.[0] ?? '') : String(status);
}
