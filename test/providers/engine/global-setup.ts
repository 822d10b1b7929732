import type { TestProject } from 'vitest/node';
import { endForgottenEngines } from './breakable-engine.ts';
import { requireProgram } from '../find-program.ts';
import { provideEngine, type Engine } from './provide-engine.ts';
import { provideImages, type Images } from './stand-ins.ts';
import { cleanUp } from './test-run.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The engine of this run. Only the set-up can stop it. */
    readonly engine: Omit<Engine, 'stop'>;
    readonly images: Images;
  }
}

const log = (line: string): void => void process.stderr.write(`${line}\n`);

/** Finds or starts a Docker engine with all images before the tests that need it. Removes everything afterwards. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // One of the readers in test/support/url-attack.
  requireProgram('python3', 'python3');
  const engine = await provideEngine({ log });
  try {
    const images = await provideImages(engine, { log });
    const { stop: _, ...plain } = engine;
    project.provide('engine', plain);
    project.provide('images', images);
  } catch (error) {
    await engine.stop();
    throw error;
  }
  return async () => {
    try {
      await endForgottenEngines();
      await cleanUp(engine);
    } finally {
      await engine.stop();
    }
  };
}
