import type { TestProject } from 'vitest/node';
import { endForgottenEngines } from './breakable-engine.ts';
import { requireProgram } from '../find-program.ts';
import { provideEngine, type Engine } from './provide-engine.ts';
import { provideImages, type Images } from './stand-ins.ts';
import { cleanUp } from './test-run.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The engine of this run, without its `stop`: that is the set-up's business. */
    readonly engine: Omit<Engine, 'stop'>;
    readonly images: Images;
  }
}

const log = (line: string): void => void process.stderr.write(`${line}\n`);

/** Finds or starts a Docker engine with all images, before the first test that needs it; afterwards nothing of it is left. */
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
