import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from '../cache-directory.ts';
import { withLock } from '../file-lock.ts';
import { docker, type Engine } from './docker-command.ts';
import { buildImage, inspectImage, type ImageRecipe } from './image-build.ts';
import { provideRootFileSystem, type RootFileSystem } from './root-file-system.ts';
import { runCommand, tryCommand } from '../run-command.ts';
import { wellKnownNameLabel } from './test-run.ts';
import { runForOutput } from './run-for-output.ts';

type ImageOrigin = 'found' | 'pulled' | 'stand-in';

interface BaseImage {
  readonly name: string;
  readonly origin: ImageOrigin;
  /** The version inside the image, as the program reports it. */
  readonly version: string;
}

export interface Images {
  /** The image in the FROM line of meet-gen's Dockerfile. */
  readonly node: BaseImage;
  readonly nginx: Readonly<Record<NginxSeries, BaseImage>>;
  readonly frontend: Readonly<Record<NginxSeries, string>>;
  readonly backend: string;
  readonly idle: string;
  readonly outerProxy: string;
  readonly socketProxy: string;
}

/** The newest and the oldest nginx that must load rendered files. */
export type NginxSeries = '1.30' | '1.22';

type Log = (line: string) => void;

const nodeName = 'node:24-slim';
const pullBudgetMs = 60_000;
// The suite with the real images' series of nginx and Node, and the suite with the oldest nginx.
export const newSystem: RootFileSystem = {
  suite: 'forky',
  packages: ['nginx-light', 'nodejs', 'curl', 'ca-certificates'],
  downloadMegabytes: 110,
};
const oldSystem: RootFileSystem = { suite: 'bookworm', packages: ['nginx-light'], downloadMegabytes: 50 };
const imagesFolder = fileURLToPath(new URL('./images', import.meta.url));

/** Makes sure that the engine has every image of the tests, and logs the origin of each base image. */
export function provideImages(engine: Engine, { log }: { log: Log }): Promise<Images> {
  return withLock(join(cacheDirectory(), 'images.lock'), () => provideAll(engine, log));
}

async function provideAll(engine: Engine, log: Log): Promise<Images> {
  const pull = pullerWithin(engine, pullBudgetMs, log);
  const origins = {
    node: await findOrPull(engine, nodeName, nodeName, pull),
    '1.30': await findOrPull(engine, 'meet-gen-test/nginx:1.30', 'nginx:1.30', pull),
    '1.22': await findOrPull(engine, 'meet-gen-test/nginx:1.22', 'nginx:1.22', pull),
  };
  // In sequence, this takes twice as long. There are never more than two.
  const systems = [
    ...(origins.node === undefined || origins['1.30'] === undefined ? [newSystem] : []),
    ...(origins['1.22'] === undefined ? [oldSystem] : []),
  ];
  await Promise.all(systems.map((system) => importSystem(engine, system, log)));
  if (origins['1.30'] === undefined) await docker(engine, ['tag', systemName(newSystem), 'meet-gen-test/nginx:1.30']);
  if (origins['1.22'] === undefined) await docker(engine, ['tag', systemName(oldSystem), 'meet-gen-test/nginx:1.22']);
  if (origins.node === undefined || origins.node === 'stand-in') await buildNodeStandIn(engine, log);
  const [node, nginxNew, nginxOld] = await Promise.all([
    describeBase(engine, nodeName, origins.node, 'node --version', /^v(24\.\S+)/),
    describeBase(engine, 'meet-gen-test/nginx:1.30', origins['1.30'], 'nginx -v', /nginx\/(1\.30\.\S+)/),
    describeBase(engine, 'meet-gen-test/nginx:1.22', origins['1.22'], 'nginx -v', /nginx\/(1\.22\.\S+)/),
  ]);
  for (const base of [node, nginxNew, nginxOld]) log(`${base.name}: ${base.origin}, version ${base.version}`);
  await Promise.all(recipes(nginxNew, nginxOld).map((recipe) => buildImage(engine, recipe)));
  return {
    node,
    nginx: { '1.30': nginxNew, '1.22': nginxOld },
    frontend: { '1.30': 'meet-gen-test/frontend:1.30', '1.22': 'meet-gen-test/frontend:1.22' },
    backend: 'meet-gen-test/backend:latest',
    idle: 'meet-gen-test/idle:latest',
    outerProxy: 'meet-gen-test/outer-proxy:latest',
    socketProxy: 'meet-gen-test/socket-proxies:latest',
  };
}

const sourceOf = (name: string): string => join(imagesFolder, name);

function recipes(nginxNew: BaseImage, nginxOld: BaseImage): ImageRecipe[] {
  const frontend = (base: BaseImage): ImageRecipe => ({
    name: base.name.replace('/nginx:', '/frontend:'),
    folder: sourceOf('frontend'),
    base: base.name,
    buildArgs: { NGINX_VERSION: base.version },
  });
  const onNode = (name: string): ImageRecipe => ({ name: `meet-gen-test/${name}:latest`, folder: sourceOf(name), base: nodeName });
  return [
    frontend(nginxNew),
    frontend(nginxOld),
    onNode('backend'),
    onNode('idle'),
    onNode('socket-proxies'),
    { name: 'meet-gen-test/outer-proxy:latest', folder: sourceOf('outer-proxy'), base: nginxNew.name },
  ];
}

type Puller = (reference: string) => Promise<boolean>;

/** After the first failed pull, no more are tried: the registry can't be reached, and each try takes time. */
function pullerWithin(engine: Engine, budgetMs: number, log: Log): Puller {
  const deadline = Date.now() + budgetMs;
  let reachable = true;
  return async (reference) => {
    const timeoutMs = deadline - Date.now();
    if (!reachable || timeoutMs <= 0) return false;
    log(`Pulling ${reference}`);
    const pulled = await tryCommand(engine.dockerCli, ['pull', '--quiet', reference], { env: engine.env, timeoutMs });
    reachable = pulled.code === 0;
    if (!reachable) log(`No image can be pulled (${pulled.stderr.trim().split('\n').at(-1)}): using stand-ins`);
    return reachable;
  };
}

async function findOrPull(engine: Engine, name: string, reference: string, pull: Puller): Promise<ImageOrigin | undefined> {
  const present = await inspectImage(engine, name);
  if (present !== undefined) {
    const { Labels: labels } = present.Config;
    return labels?.[wellKnownNameLabel] === undefined ? 'found' : 'stand-in';
  }
  if (!(await pull(reference))) return undefined;
  if (name !== reference) await docker(engine, ['tag', reference, name]);
  return 'pulled';
}

const systemName = (system: RootFileSystem): string => `meet-gen-test/debian:${system.suite}`;

async function importSystem(engine: Engine, system: RootFileSystem, log: Log): Promise<void> {
  if ((await inspectImage(engine, systemName(system))) !== undefined) return;
  const tarFile = await provideRootFileSystem(system, log);
  const changes = ['LABEL meet-gen.test=1', `LABEL ${wellKnownNameLabel}=nginx`, 'CMD ["nginx", "-g", "daemon off;"]'];
  await docker(engine, ['import', ...changes.flatMap((change) => ['--change', change]), tarFile, systemName(system)]);
}

async function buildNodeStandIn(engine: Engine, log: Log): Promise<void> {
  if (!engine.provided) log(`The name ${nodeName} belongs to a stand-in on this engine until the tests end`);
  await importSystem(engine, newSystem, log);
  const npm = findNpm();
  const certificates = await copyCertificates();
  const registry = (await runCommand('npm', ['config', 'get', 'registry'])).trim();
  await buildImage(engine, {
    name: nodeName,
    folder: sourceOf('node'),
    base: systemName(newSystem),
    buildArgs: { NPM_REGISTRY: registry },
    labels: { [wellKnownNameLabel]: nodeName },
    additions: { npm: npm.folder, certificates: certificates.folder },
    ingredients: [npm.version, certificates.digest],
  });
}

/** The npm that runs the tests. Debian's npm would need 300 packages. */
function findNpm(): { folder: string; version: string } {
  for (const place of (process.env['PATH'] ?? '').split(delimiter)) {
    const link = join(place, 'npm');
    if (!existsSync(link)) continue;
    const folder = dirname(dirname(realpathSync(link)));
    const manifest = join(folder, 'package.json');
    if (!existsSync(manifest)) continue;
    const { name, version } = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string; version?: string };
    if (name === 'npm' && version !== undefined) return { folder, version };
  }
  throw new Error(`The PATH has no npm, which the stand-in for ${nodeName} needs. Install npm beside node.`);
}

/**
 * The machine's certificate bundle. Builds in containers need it, since the machine's network may have its own
 * authority.
 */
async function copyCertificates(): Promise<{ folder: string; digest: string }> {
  const places = [process.env['NODE_EXTRA_CA_CERTS'], process.env['SSL_CERT_FILE'], '/etc/ssl/certs/ca-certificates.crt'];
  const bundle = places.find((place): place is string => place !== undefined && place !== '' && existsSync(place));
  if (bundle === undefined)
    throw new Error('This machine has no certificate bundle. Install the package ca-certificates, or set SSL_CERT_FILE.');
  const folder = join(cacheDirectory(), 'certificates');
  mkdirSync(folder, { recursive: true });
  copyFileSync(bundle, join(folder, 'ca-certificates.crt'));
  return { folder, digest: createHash('sha256').update(readFileSync(bundle)).digest('hex') };
}

async function describeBase(
  engine: Engine,
  name: string,
  origin: ImageOrigin | undefined,
  command: string,
  expected: RegExp,
): Promise<BaseImage> {
  const output = await runForOutput(engine, ['--network', 'none', '--entrypoint', 'sh', name, '-c', `${command} 2>&1`]);
  const version = expected.exec(output)?.[1];
  if (version === undefined) {
    throw new Error(
      `${name} should hold ${expected.source}, but \`${command}\` in it prints: ${output.trim()}. Remove that image; the tests then make it again.`,
    );
  }
  return { name, origin: origin ?? 'stand-in', version };
}
