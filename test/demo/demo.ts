import { NotProvided } from '../providers/not-provided.ts';
import { provideEngine } from '../providers/engine/provide-engine.ts';
import { cleanUp } from '../providers/engine/test-run.ts';
import { help, readArguments } from './arguments.ts';
import { Interrupted, interruption } from './interruption.ts';
import { isEngineKept, letGoOfKeptEngine, takeDownKept } from './kept.ts';
import { createScreen } from './screen.ts';
import { show } from './show.ts';
import { ProofFailed } from './wait-for.ts';

// `npm run demo`: meet-gen's story on a real engine, every claim proven; see arguments.ts for what can be asked for.

const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;
const screen = createScreen(process.stdout, process.env);
const log = (line: string): void => screen.line(screen.paint('dim', line));

async function takeDown(): Promise<void> {
  const engine = await provideEngine({ log });
  try {
    const { projects, engineToo } = await takeDownKept(engine);
    await cleanUp(engine);
    screen.line(projects.length === 0 ? 'Nothing is kept: there is nothing to take down' : `Taken down: ${projects.join(', ')}`);
    if (engineToo) await letGoOfKeptEngine(log);
  } finally {
    await engine.stop();
  }
}

async function play(keep: boolean): Promise<void> {
  const signal = interruption(() => 'Ended at once; remove the rest with: npx tsx test/providers/engine/cli.ts clean');
  const engineWasKept = isEngineKept();
  const engine = await provideEngine({ log, keep });
  try {
    await show({ engine, keep, keepsEngine: keep && engine.provided && !engineWasKept, screen, log, signal });
  } finally {
    await engine.stop();
  }
}

function explain(error: unknown): number {
  if (error instanceof Interrupted) {
    screen.line('Interrupted, and cleaned up');
    return exitCodes.interrupted;
  }
  if (error instanceof NotProvided) {
    screen.line(error.message);
    return exitCodes.failed;
  }
  const reason = error instanceof Error ? (error instanceof ProofFailed ? error.message : (error.stack ?? error.message)) : String(error);
  screen.line(screen.paint(['red', 'bold'], `✗ The demo failed: ${reason}`));
  return exitCodes.failed;
}

async function main(): Promise<number> {
  const wish = readArguments(process.argv.slice(2));
  if (typeof wish !== 'string') {
    process.stderr.write(`${wish.refused}\n\n${help}`);
    return exitCodes.usage;
  }
  try {
    if (wish === 'help') process.stdout.write(help);
    else if (wish === 'down') await takeDown();
    else await play(wish === 'keep');
    return exitCodes.ok;
  } catch (error) {
    return explain(error);
  }
}

process.exitCode = await main();
