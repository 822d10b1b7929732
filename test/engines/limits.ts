import type { Behaviour } from './behaviours.ts';

const noStopEvent = { 'a replica leaves the rotation when its stop begins': 'Podman sends no event when a stop begins' } as const;

/**
 * Behaviours that an engine can't have, with the reason (docs/engines.md). They don't run: on Podman, a look for another
 * reason may show the state `stopping` in time.
 */
export const limits: Readonly<Record<string, Partial<Readonly<Record<Behaviour, string>>>>> = {
  'podman-4.3': noStopEvent,
  'podman-5.4': noStopEvent,
};
