import type { Behaviour } from './behaviours.ts';

/** A behaviour that doesn't hold on an engine. */
interface Limit {
  readonly reason: string;
  /** The message with which the behaviour fails. */
  readonly fails: RegExp;
  /** The behaviour fails now and then, so the test passes either way. */
  readonly isRare?: true;
}

const staysIn = /not true after \d+ ms: the address has left the file/;

const podman = {
  'a replica leaves the rotation when its stop begins': {
    reason: 'Podman has no event when a stop begins',
    fails: staysIn,
  },
  'health decides the rotation': {
    reason: "Podman's list has no health",
    fails: /not true after \d+ ms: the replica is seen as starting/,
  },
  'a replica follows its network': {
    reason: "the container is elsewhere in Podman's network events",
    fails: staysIn,
  },
} as const;

const backIn = {
  reason: '20.10 reports the end before its list shows it, so the dead address is published again',
  fails: /whether each content of the file has the address|the address has left the file/,
};

const unseenEnd = { reason: "the filter of 4.3's events knows ends by another name", fails: staysIn };

/** The behaviours that fail, by engine. A behaviour that passes in spite of its row fails the test, unless it is rare. */
export const limits: Readonly<Record<string, Partial<Readonly<Record<Behaviour, Limit>>>>> = {
  'docker-20.10': {
    'a stopped replica leaves the rotation once': backIn,
    'a killed replica leaves the rotation once': backIn,
    'a crashed replica leaves the rotation once': { ...backIn, isRare: true },
  },
  'podman-4.3': {
    ...podman,
    'a stopped replica leaves the rotation once': unseenEnd,
    'a killed replica leaves the rotation once': unseenEnd,
    'a crashed replica leaves the rotation once': unseenEnd,
    'the rotation follows the scale': { ...unseenEnd, fails: /not true after \d+ ms: one replica is in the file/ },
  },
  'podman-5.4': {
    ...podman,
    'four ordinary restarts are no crash loop': {
      reason: 'Podman does not announce a stop, so each one counts as a crash',
      fails: /to not include 'crash-loop'/,
    },
    'a frontend that crashes after a reload comes back': {
      reason: "after a signal through its API, Podman ignores the container's restart policy",
      fails: /not true after \d+ ms: the frontend runs again/,
    },
  },
};
