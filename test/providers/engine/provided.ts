import { inject } from 'vitest';
import type { Engine } from './docker-command.ts';
import type { Images } from './stand-ins.ts';

/** The engine that the global set-up provided. `stop` does nothing here, since other tests use the engine. */
export function providedEngine(): Engine {
  return { ...inject('engine'), stop: () => Promise.resolve() };
}

/** The images on the engine that the global set-up provided. */
export function providedImages(): Images {
  return inject('images');
}
