import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Mounts that nobody sees but who is let in, so that a test needs no clean machine and leaves none behind. */
export interface PrivateMounts {
  /** For `CommandOptions.wrap`: what is started so sees them. */
  readonly wrap: (program: string, args: readonly string[]) => readonly string[];
  /** A path in there, as seen from here. */
  at(path: string): string;
  /** Runs a shell command in there. @throws Error when it fails */
  run(command: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes mounts by a shell command in a mount namespace of its own (Linux); who isn't root gets a user namespace in which they
 * are.
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
  if (String(first[0]).trim() !== 'ready') throw new Error(`these mounts can't be made: ${command}`);
  const pid = holder.pid ?? 0;
  const enter = ['nsenter', '--target', String(pid), ...(asRoot ? [] : ['--user', '--preserve-credentials']), '--mount'];
  return {
    wrap: (program, args) => [...enter, program, ...args],
    at: (path) => `/proc/${pid}/root${path}`,
    async run(text) {
      const [program, ...args] = [...enter, 'sh', '-ec', text];
      const [code] = (await once(spawn(program, args, { stdio: 'inherit' }), 'exit')) as [number | null];
      if (code !== 0) throw new Error(`${text} ended with ${code}`);
    },
    async close() {
      holder.stdin.end();
      await ended;
    },
  };
}
