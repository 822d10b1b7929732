import { dirname } from 'node:path';
import { cacheDirectory } from '../cache-directory.ts';
import { endForgottenEngines } from './breakable-engine.ts';
import { daemonPid } from './daemon.ts';
import { liveUsers } from './engine-lock.ts';
import { engineAnswers } from './engine-ping.ts';
import { sharedPlaces } from './places.ts';
import { endKeptEngine, provideEngine, docker } from './provide-engine.ts';
import { provideImages } from './stand-ins.ts';
import { cleanUp } from './test-run.ts';

// The tests' engine for manual use: `npx tsx test/providers/engine/cli.ts up`, then docker as usual.
// Progress goes to standard error. Standard output has lines for a shell: `eval "$(… up)"`.

const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function up(): Promise<void> {
  const engine = await provideEngine({ log, keep: true });
  await provideImages(engine, { log });
  for (const [name, value] of Object.entries(engine.env)) {
    const shown = name === 'PATH' ? `${dirname(engine.dockerCli)}:$PATH` : value;
    process.stdout.write(`export ${name}="${shown}"\n`);
  }
}

async function down(): Promise<void> {
  await endForgottenEngines();
  const users = await endKeptEngine(log);
  log(users === 0 ? 'The test engine is stopped' : `Still in use by ${users} other process(es): it stops with the last of them`);
}

async function status(): Promise<void> {
  const answers = await engineAnswers(sharedPlaces.host);
  log(
    `test engine: ${answers ? `answers at ${sharedPlaces.host}` : 'not running'} (pid ${daemonPid(sharedPlaces) ?? 'none'}, users: ${liveUsers().join(', ') || 'none'})`,
  );
  log(`cache: ${cacheDirectory()}`);
  if (!answers) return;
  const engine = await provideEngine({ log: () => undefined });
  log(await docker(engine, ['image', 'ls', '--filter', 'label=meet-gen.test=1']));
  log(await docker(engine, ['container', 'ls', '--all']));
  await engine.stop();
}

/** Removes what crashed runs left on the engine that the tests would use. */
async function clean(): Promise<void> {
  await endForgottenEngines();
  const engine = await provideEngine({ log });
  await cleanUp(engine, { anyRun: true });
  await engine.stop();
}

const commands: Record<string, () => Promise<void>> = { up, down, status, clean };

try {
  const command = commands[process.argv[2] ?? ''];
  if (command === undefined) throw new Error('Usage: npx tsx test/providers/engine/cli.ts up|down|status|clean');
  await command();
} catch (error) {
  log(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
