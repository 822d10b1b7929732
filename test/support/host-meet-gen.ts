import { statusSocketOf } from './status-socket.ts';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { StatusSnapshot } from '../../src/status/snapshot.ts';
import { runCommand, startCommand, type RunningCommand } from './built-command.ts';
import type { BreakableEngine } from '../providers/engine/breakable-engine.ts';
import { composeProjectName } from '../providers/engine/test-run.ts';
import { startMeet, type MeetOptions, type MeetStack } from './meet-stack.ts';
import { waitUntil } from './wait-until.ts';

/** A Meet whose meet-gen is a process on the host, so that it survives the engine. */
export interface HostedMeet {
  readonly meet: MeetStack;
  /** The meet-gen that runs now. */
  sidecar(): RunningCommand;
  /** Ends meet-gen if it runs, and starts it again. */
  restart(signal: NodeJS.Signals): Promise<void>;
  status(): Promise<StatusSnapshot>;
  converged(): Promise<StatusSnapshot>;
  /** The published file. */
  readonly file: string;
  published(): Promise<string>;
  /** The output of a separate `render`. */
  render(): Promise<string>;
  /** Ends meet-gen. The Meet itself ends with its engine. */
  stop(): Promise<void>;
}

/** Like `startMeet`, also without resyncs. The published folder is on the host, and the frontends mount it. */
export async function startHostedMeet(engine: BreakableEngine, part: string, options: MeetOptions = {}): Promise<HostedMeet> {
  const out = await mkdtemp(join(tmpdir(), 'mg-'));
  // nginx in the frontends isn't root.
  await chmod(out, 0o755);
  const file = join(out, 'routing.conf');
  const project = composeProjectName(part);
  const common = ['--docker-host', engine.host, '--instance', project, '--log-format', 'json'];
  const start = (): RunningCommand =>
    startCommand(['run', ...common, '--out', out, '--resync', '1h', '--listen', 'off'], { wrap: engine.onItsNetwork });
  let meet: MeetStack;
  let running: RunningCommand;
  try {
    meet = await startMeet(engine, part, { ...options, publishedIn: out });
    running = start();
  } catch (error) {
    await rm(out, { recursive: true, force: true });
    throw error;
  }
  const status = (): Promise<StatusSnapshot> => askStatus(statusSocketOf(out));
  return {
    meet,
    sidecar: () => running,
    async restart(signal) {
      running.signal(signal);
      await running.ended;
      running = start();
    },
    status,
    converged: () =>
      waitUntil(
        'meet-gen has converged',
        async () => {
          const snapshot = await status().catch(() => undefined);
          return snapshot?.converged === true ? snapshot : undefined;
        },
        undefined,
        () => running.stderr().slice(-4000),
      ),
    file,
    published: () => readFile(file, 'utf8'),
    async render() {
      const { code, stdout, stderr } = await runCommand(['render', ...common], { wrap: engine.onItsNetwork });
      if (code !== 0 && code !== 7) throw new Error(`render exited with ${code}: ${stderr}`);
      return stdout;
    },
    async stop() {
      await running.stop();
      await rm(out, { recursive: true, force: true });
    },
  };
}

async function askStatus(socketPath: string): Promise<StatusSnapshot> {
  const answer = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    request({ socketPath, path: '/status', agent: false }, resolve).on('error', reject).end();
  });
  return JSON.parse(await text(answer)) as StatusSnapshot;
}
