import { NotProvided } from '../providers/not-provided.ts';
import { provideEngine } from '../providers/engine/provide-engine.ts';
import { cleanUp } from '../providers/engine/test-run.ts';
import { help, readArguments } from './arguments.ts';
import { Interrupted, interruption } from './interruption.ts';
import { isEngineKept, letGoOfKeptEngine, takeDownKept } from './kept.ts';
import { createScreen } from './screen.ts';
import { show } from './show.ts';
import { ProofFailed } from './wait-for.ts';

// `npm run demo`: meet-gen on a real engine, with a proof for every step. arguments.ts has the options.

const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;
const screen = createScreen(process.stdout, process.env);
const log = (line: string): void => screen.line(screen.paint('dim', line));

async function takeDown(): Promise<void> {
  const engine = await provideEngine({ log });
  try {
    const { projects, engineToo } = await takeDownKept(engine);
    await cleanUp(engine);
    screen.line(projects.length === 0 ? 'No kept demo to remove' : `Removed: ${projects.join(', ')}`);
    if (engineToo) await letGoOfKeptEngine(log);
  } finally {
    await engine.stop();
  }
}

async function play(keep: boolean): Promise<void> {
  const signal = interruption(() => 'Ended without a cleanup. Remove the rest: npx tsx test/providers/engine/cli.ts clean');
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
    screen.line('Interrupted; everything is removed');
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
  const action = readArguments(process.argv.slice(2));
  if (typeof action !== 'string') {
    process.stderr.write(`${action.refused}\n\n${help}`);
    return exitCodes.usage;
  }
  try {
    if (action === 'help') process.stdout.write(help);
    else if (action === 'down') await takeDown();
    else await play(action === 'keep');
    return exitCodes.ok;
  } catch (error) {
    return explain(error);
  }
}

process.exitCode = await main();
