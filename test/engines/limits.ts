import type { Behaviour } from './behaviours.ts';

interface Limit {
  /** `engine`: no set-up of this engine can have the behaviour. `machine`: it can't be tried here. */
  readonly of: 'engine' | 'machine';
  readonly reason: string;
}

const noStopEvent = {
  'a replica leaves the rotation when its stop begins': { of: 'engine', reason: 'Podman sends no event when a stop begins' },
} as const;
const noPause = {
  'a paused replica is out of rotation until it goes on': {
    of: 'machine',
    reason: "pausing a rootless container takes cgroups v2 that are delegated to the engine's user, by systemd",
  },
} as const;

/**
 * Behaviours that can't be tested on an engine, with the reason (docs/engines.md). They don't run: on Podman, a look for
 * another reason may show the state `stopping` in time.
 */
export const limits: Readonly<Record<string, Partial<Readonly<Record<Behaviour, Limit>>>>> = {
  'podman-4.3': noStopEvent,
  'podman-5.4': noStopEvent,
  'podman-5.4-rootless': { ...noStopEvent, ...noPause },
  'docker-28-rootless': {
    ...noPause,
    'changes during a restart of the engine are followed': {
      of: 'engine',
      reason: "rootlesskit ends with dockerd, and with it the containers' network: no container goes on",
    },
  },
};
