import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../../providers/engine/docker-command.ts';
import { runCommand, tryCommand, type CommandResult } from '../../providers/run-command.ts';
import { repository } from '../docs/pages.ts';
import type { Place } from '../docs/run-block.ts';
import { listContainers } from '../list-containers.ts';
import type { MeetStack } from '../meet-stack.ts';

/** A Meet's compose file in a folder, for an operator who edits it and runs `docker compose`. */
export interface UserProject extends Place {
  /** Replaces keys of the backend in the file. */
  edit(backend: Readonly<Record<string, unknown>>): void;
  compose(...args: readonly string[]): Promise<string>;
  /** The ids of the Meet's containers, by name. */
  containers(): Promise<Readonly<Record<string, string>>>;
  /** Runs docs/rolling-update.sh to its end. */
  update(...args: readonly string[]): Promise<CommandResult>;
  /** Runs the script until it prints this text, then sends the signal to all its processes. Returns the output. */
  interruptedUpdate(at: string, signal: NodeJS.Signals, ...args: readonly string[]): Promise<string>;
  remove(): void;
}

const script = join(repository, 'docs/rolling-update.sh');

export function createUserProject(engine: Engine, meet: MeetStack): UserProject {
  const folder = mkdtempSync(join(tmpdir(), 'meet-gen-user-'));
  const env = { ...engine.env, COMPOSE_PROJECT_NAME: meet.project };
  const edit = (backend: Readonly<Record<string, unknown>>): void => {
    const services = { ...meet.file.services, backend: { ...meet.file.services['backend'], ...backend } };
    writeFileSync(join(folder, 'compose.yml'), JSON.stringify({ ...meet.file, services }));
  };
  edit({});
  return {
    folder,
    env,
    rename: (text) => text.replaceAll(/\bmeet-(?=[a-z-]+-\d)/g, `${meet.project}-`),
    edit,
    compose: (...args) => runCommand(engine.dockerCli, ['compose', ...args], { env, cwd: folder }),
    async containers() {
      const tools = meet.container('tools-1');
      const own = (await listContainers(engine)).filter(({ name }) => name.startsWith(`${meet.project}-`) && name !== tools);
      return Object.fromEntries(own.map(({ name, id }) => [name.slice(meet.project.length + 1), id]));
    },
    update: (...args) => tryCommand('sh', [script, ...args], { env, cwd: folder }),
    interruptedUpdate: (at, signal, ...args) =>
      new Promise((resolve, reject) => {
        const child = spawn('sh', [script, ...args], { env: { ...process.env, ...env }, cwd: folder, detached: true });
        let output = '';
        let isInterrupted = false;
        const hear = (text: string): void => {
          output += text;
          if (isInterrupted || !output.includes(at)) return;
          isInterrupted = true;
          // To the whole process group, as a terminal does.
          process.kill(-(child.pid ?? 0), signal);
        };
        child.stdout.setEncoding('utf8').on('data', hear);
        child.stderr.setEncoding('utf8').on('data', hear);
        child.on('close', () =>
          isInterrupted ? resolve(output) : reject(new Error(`the update ended before it printed "${at}":\n${output}`)),
        );
      }),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
