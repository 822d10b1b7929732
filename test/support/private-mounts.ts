import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Mounts that only chosen processes see, so that tests need no clean machine and leave no mounts behind. */
export interface PrivateMounts {
  /** For `CommandOptions.wrap`: runs a process that sees the mounts. */
  readonly wrap: (program: string, args: readonly string[]) => readonly string[];
  /** A path among the mounts, for processes outside. */
  at(path: string): string;
  /** Runs a shell command that sees the mounts. @throws Error when it fails */
  run(command: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes mounts by a shell command in a separate mount namespace (Linux). Users other than root get a user namespace, in
 * which they are root.
 * @throws Error when the command fails
 */
export async function makePrivateMounts(command: string): Promise<PrivateMounts> {
  const asRoot = process.getuid?.() === 0;
  const own = asRoot ? ['--mount'] : ['--map-root-user', '--mount'];
  const holder = spawn('unshare', [...own, '--propagation', 'private', 'sh', '-ec', `${command}\necho ready\nexec cat`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'exit');
  const first = await Promise.race([once(holder.stdout, 'data'), ended]);
  if (String(first[0]).trim() !== 'ready') throw new Error(`the mounts could not be made by: ${command}`);
  const pid = holder.pid ?? 0;
  const enter = ['nsenter', '--target', String(pid), ...(asRoot ? [] : ['--user', '--preserve-credentials']), '--mount'];
  return {
    wrap: (program, args) => [...enter, program, ...args],
    at: (path) => `/proc/${pid}/root${path}`,
    async run(text) {
      const [program, ...args] = [...enter, 'sh', '-ec', text];
      const [code] = (await once(spawn(program, args, { stdio: 'inherit' }), 'exit')) as [number | null];
      if (code !== 0) throw new Error(`${text} exited with ${code}`);
    },
    async close() {
      holder.stdin.end();
      await ended;
    },
  };
}
