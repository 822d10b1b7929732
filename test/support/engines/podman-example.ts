import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exampleOverride } from '../../e2e/example/override.ts';
import { docker } from '../../providers/engine/docker-command.ts';
import { buildImage } from '../../providers/engine/image-build.ts';
import { composeProjectName } from '../../providers/engine/test-run.ts';
import type { TestedEngine } from '../../providers/engines/provide-engines.ts';
import { systemImage } from '../../providers/engines/system-image.ts';

/** The compose example with its overlay for Podman, on a Podman, with stand-ins for images that no test can pull. */
export interface PodmanExample {
  readonly frontend: string;
  compose(...args: readonly string[]): Promise<string>;
  /** `up`, and meanwhile the health checks that a Podman without systemd doesn't run. */
  up(...args: readonly string[]): Promise<void>;
}

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const imagesFolder = join(repository, 'test/providers/engine/images');
const meetGenImage = 'meet-gen-test/meet-gen:latest';
const standIns = ['frontend', 'backend', 'idle', 'outer-proxy', 'socket-proxies'] as const;
const nameOf = (standIn: (typeof standIns)[number]): string => `meet-gen-test/${standIn}:latest`;

/** Makes the images and the folder, where the engine can mount files, and starts no container. */
export async function createPodmanExample(engine: TestedEngine): Promise<PodmanExample> {
  // Podman has no BuildKit.
  const builder = { ...engine, env: { ...engine.env, DOCKER_BUILDKIT: '0' } };
  for (const name of standIns) await buildImage(builder, { name: nameOf(name), folder: join(imagesFolder, name), base: systemImage });
  await buildMeetGen(builder);
  const project = composeProjectName('podman');
  const folder = join(engine.shared, 'example');
  await mkdir(folder);
  for (const name of ['compose.example.yml', 'compose.podman.yml']) await copyFile(join(repository, name), join(folder, name));
  await copyFile(join(repository, '.env.example'), join(folder, '.env'));
  await writeFile(join(folder, 'override.yml'), overrideFor(project));
  // The commands at the top of the overlay.
  await writeFile(join(folder, 'meet-gen-hook.sh'), await docker(engine, ['run', '--rm', meetGenImage, 'hook']));
  await chmod(join(folder, 'meet-gen-hook.sh'), 0o755);
  await cp(join(repository, 'templates'), join(folder, 'templates'), { recursive: true });
  const socket = engine.host.slice('unix://'.length);
  // The mode that podman.socket gives it.
  await chmod(socket, 0o660);
  const env = { ...engine.env, DOCKER_SOCKET: socket, DOCKER_GID: '0' };
  const files = ['compose.example.yml', 'compose.podman.yml', 'override.yml'].flatMap((name) => ['--file', join(folder, name)]);
  const compose = (...args: readonly string[]): Promise<string> =>
    docker({ ...engine, env }, ['compose', ...files, '--project-name', project, ...args], { timeoutMs: 200_000 });
  return {
    frontend: `${project}-frontend-1`,
    compose,
    async up(...args) {
      const up = new AbortController();
      const started = compose('up', '--detach', ...args).finally(() => up.abort());
      while (!up.signal.aborted) await checkAll(engine, project);
      await started;
      await checkAll(engine, project);
    },
  };
}

function overrideFor(project: string): string {
  const base = { name: systemImage, origin: 'stand-in', version: '' } as const;
  const images = {
    node: base,
    nginx: { '1.30': base, '1.22': base },
    frontend: { '1.30': nameOf('frontend'), '1.22': nameOf('frontend') },
    backend: nameOf('backend'),
    idle: nameOf('idle'),
    outerProxy: nameOf('outer-proxy'),
    socketProxy: nameOf('socket-proxies'),
  };
  return exampleOverride(images, meetGenImage, repository, `${project}-outside`);
}

/** Builds the last stage of the Dockerfile from the build of this run: the first stage needs a registry. */
async function buildMeetGen(
  engine: Pick<TestedEngine, 'host' | 'dockerCli' | 'env' | 'provided' | 'publishAddress' | 'stop'>,
): Promise<void> {
  const text = await readFile(join(repository, 'Dockerfile'), 'utf8');
  const stage = text.slice(text.lastIndexOf('FROM ')).replace(/^FROM .*/, 'ARG BASE\nFROM $BASE');
  const folder = await mkdtemp(join(tmpdir(), 'mg-image-'));
  try {
    await writeFile(join(folder, 'Dockerfile'), stage.replaceAll('--from=build /build/', ''));
    for (const name of ['dist', 'templates']) await cp(join(repository, name), join(folder, name), { recursive: true });
    await buildImage(engine, { name: meetGenImage, folder, base: systemImage });
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function checkAll(engine: TestedEngine, project: string): Promise<void> {
  const listed = await docker(engine, ['ps', '--quiet', '--filter', `label=com.docker.compose.project=${project}`]);
  for (const id of listed.split('\n').filter(Boolean)) await engine.checkHealth(id);
}
