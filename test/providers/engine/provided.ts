import { inject } from 'vitest';
import type { Engine } from './docker-command.ts';
import type { Images } from './stand-ins.ts';

/** The engine that the global set-up provided; it outlives the test, so `stop` does nothing here. */
export function providedEngine(): Engine {
  return { ...inject('engine'), stop: () => Promise.resolve() };
}

/** The images that the global set-up provided on that engine. */
export function providedImages(): Images {
  return inject('images');
}
