import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Finding } from '../../../src/doctor/examine.ts';
import { createExample, type ExampleStack } from '../../e2e/example/example-stack.ts';
import { findSocket } from '../../e2e/image/mounted-socket.ts';
import { docker, type Engine } from '../../providers/engine/docker-command.ts';
import { runCommand, tryCommand } from '../../providers/run-command.ts';
import type { Images } from '../../providers/engine/stand-ins.ts';
import { runId, runLabel } from '../../providers/engine/test-run.ts';
import { freePort } from '../free-port.ts';

/** The output of `doctor --json`, and the exit code. */
export interface DoctorReport {
  readonly code: number;
  readonly summary: { readonly failures: number; readonly warnings: number; readonly notChecked: number; readonly ok: number };
  readonly findings: readonly Finding[];
  readonly notChecked: readonly { readonly check: string; readonly reasons: readonly string[] }[];
  readonly ok: readonly { readonly check: string }[];
}

/** The whole example on the real engine without any fault, and a doctor with its own access to the engine. */
export interface DoctorStack extends ExampleStack {
  /** Runs the doctor. `args` are more arguments of `docker run`. */
  doctor(args?: readonly string[]): Promise<DoctorReport>;
  /** The full name of an image with a tag. */
  image(name: string): string;
  /** The doctor's report as text. */
  report(): Promise<string>;
  /**
   * Recreates these services with these compose texts on top of all others. The texts replace those of the last call.
   */
  change(texts: readonly string[], services: readonly string[]): Promise<void>;
  /** Follows the lines of a cure: applies compose text on top of everything, and runs commands in a shell. */
  paste(lines: readonly string[]): Promise<void>;
  scale(service: string, count: number): Promise<void>;
  /** The service of a container, by the container's name. */
  serviceOf(container: string): string;
  /** Runs a line in a shell. */
  shell(line: string): Promise<void>;
  container(service: string): string;
}

/** Image names with versions, as users have them. The stand-ins have no versions. */
const tags: Readonly<Record<string, keyof Pick<Images, 'idle' | 'backend' | 'outerProxy' | 'socketProxy'> | 'frontend'>> = {
  'meet-frontend:v1.27.0': 'frontend',
  'meet-backend:v1.27.0': 'backend',
  'meet-backend:latest': 'backend',
  'nginx-proxy:1.11.6': 'outerProxy',
  'acme-companion:2.8.2': 'idle',
  'socket-proxy:1.13.1': 'socketProxy',
  'keycloak:26.8.0': 'idle',
  'livekit-server:v1.13.9': 'idle',
  'postgres:16': 'idle',
};

/** Starts everything. A doctor that runs immediately still finds containers that aren't ready yet. */
export async function startDoctorStack(engine: Engine, images: Images, part: string, hardened = false): Promise<DoctorStack> {
  const tagged = (name: string): string => `meet-gen-test/${runId}-${part}/${name}`;
  for (const [name, of] of Object.entries(tags))
    await docker(engine, ['tag', of === 'frontend' ? images.frontend['1.30'] : images[of], tagged(name)]);
  const stack = await createExample(engine, images, { part, hardened, more: pinned(tagged, await freePort()) });
  const { path: socket, groupId } = await findSocket(engine, images);
  const network = `${stack.project}_internal`;
  const access = [
    'run',
    '--rm',
    '--label',
    runLabel,
    '--network',
    network,
    '--group-add',
    groupId,
    '--volume',
    `${socket}:/var/run/docker.sock`,
  ];
  const run = (args: readonly string[], command: readonly string[]): readonly string[] => [
    ...access,
    ...args,
    stack.meetGenImage,
    'doctor',
    '--instance',
    stack.project,
    ...command,
  ];
  const inEngine = { env: engine.env };
  await stack.compose('up', '--detach');
  const overlays: string[] = [];
  const overlay = (text: string): void => {
    const file = join(stack.folder, `overlay-${overlays.length}.yml`);
    writeFileSync(file, `${text}\n`);
    overlays.push(file);
  };
  const up = async (...args: readonly string[]): Promise<void> => {
    await stack.compose(...overlays.flatMap((file) => ['--file', file]), 'up', '--detach', '--timeout', '1', ...args);
  };
  const shell = async (line: string): Promise<void> => {
    const path = `${dirname(engine.dockerCli)}:${process.env['PATH'] ?? ''}`;
    await runCommand('sh', ['-c', line], { env: { ...stack.env, PATH: path }, cwd: stack.folder });
  };
  return {
    ...stack,
    image: tagged,
    container: (service) => `${stack.project}-${service}-1`,
    async doctor(args = []) {
      const { code, stdout, stderr } = await tryCommand(engine.dockerCli, run(args, ['--json']), inEngine);
      if (code !== 0 && code !== 7) throw new Error(`the doctor exited with ${code}: ${stderr}`);
      return { code, ...(JSON.parse(stdout) as Omit<DoctorReport, 'code'>) };
    },
    report: async () => (await tryCommand(engine.dockerCli, run([], []), inEngine)).stdout,
    serviceOf: (name) => (name.startsWith(`${stack.project}-`) ? name.slice(stack.project.length + 1).replace(/-\d+$/, '') : name),
    async change(texts, services) {
      overlays.length = 0;
      for (const text of texts) overlay(text);
      if (services.length > 0) await up('--force-recreate', '--no-deps', ...services);
    },
    async scale(service, count) {
      await up('--no-recreate', '--no-deps', '--scale', `${service}=${count}`, service);
    },
    async paste(lines) {
      const text = lines[0] === 'services:' ? lines.slice(0, lines.includes('') ? lines.indexOf('') : lines.length) : [];
      if (text.length > 0) overlay(text.join('\n'));
      for (const line of lines.slice(text.length)) {
        const service = /^docker compose up -d (?:--force-recreate )?(\S+)$/.exec(line)?.[1];
        if (service !== undefined) await up('--force-recreate', '--no-deps', service);
        // The other commands only show something, for people to read.
        else if (/^docker (network|start|unpause) /.test(line)) await shell(line);
      }
    },
    shell,
    async remove() {
      await stack.remove();
      await tryCommand(engine.dockerCli, ['image', 'rm', ...Object.keys(tags).map(tagged)], inEngine);
    },
  };
}

function pinned(tagged: (name: string) => string, mediaPort: number): string {
  const image = (service: string, name: string): string => `  ${service}:\n    image: ${tagged(name)}`;
  return [
    'services:',
    image('nginx-proxy', 'nginx-proxy:1.11.6'),
    image('acme-companion', 'acme-companion:2.8.2'),
    image('frontend', 'meet-frontend:v1.27.0'),
    image('backend', 'meet-backend:v1.27.0'),
    image('celery', 'meet-backend:v1.27.0'),
    image('docker-proxy', 'socket-proxy:1.13.1'),
    ...['postgresql', 'redis', 'keycloak-db'].map((service) => image(service, 'postgres:16')),
    image('keycloak', 'keycloak:26.8.0'),
    image('livekit', 'livekit-server:v1.13.9'),
    // Another program may use the well-known ports here. Media must go out under its own port numbers.
    `    environment: { LIVEKIT_CONFIG: "port: 7880\\nrtc:\\n  tcp_port: ${mediaPort}\\n  udp_port: ${mediaPort}\\n" }`,
    `    ports: !override ["${mediaPort}:${mediaPort}/tcp", "${mediaPort}:${mediaPort}/udp"]`,
  ].join('\n');
}
