import { restarting, watchedContainerActions, watchedNetworkActions } from '../../model/engine-event.ts';

/**
 * The differences between the engines that meet-gen reads. Sources: `containers/podman` (`pkg/api`, `libpod/events`),
 * `moby`, and measurements on Docker 20.10 and 28.5 and on Podman 4.3, 5.4 and 5.8.
 */
export interface EngineProfile {
  /**
   * A signal through the API ends every restart policy: after its next crash, the container stays down. Docker's signals
   * end `unless-stopped` alone. An exec ends no policy.
   */
  readonly signalEndsRestarts: boolean;
  /** The list of containers shows the health. Otherwise only the list's filter `health` does. */
  readonly listsHealth: boolean;
  /** Each change of the health is an event `health_status`. */
  readonly announcesHealth: boolean;
  /** The list of containers has `HostConfig.NetworkMode`. */
  readonly listsNetworkMode: boolean;
  /** The list of containers has an `EndpointID` for each network of a running container. */
  readonly listsEndpointIds: boolean;
  /**
   * The exit codes that a stop can have; empty if each stop begins with an event `kill` that has the signal's number. An
   * end with such a code counts as a crash only if the engine's restart policy restarts the container.
   */
  readonly exitCodesOfStops: readonly number[];
  /** The object whose id is the actor of a network event. */
  readonly networkEventActor: 'network' | 'container';
  /** The engine's names of events, for the filter of `GET /events` → the action in `EngineEvent`. */
  readonly events: Readonly<Record<string, string>>;
}

const dockersEvents = Object.fromEntries([...watchedContainerActions, ...watchedNetworkActions].map((action) => [action, action]));

/** The profile before any answer of an engine, and for an engine whose ping a proxy refuses. */
export const newestDocker: EngineProfile = {
  signalEndsRestarts: false,
  listsHealth: true,
  announcesHealth: true,
  listsNetworkMode: true,
  listsEndpointIds: true,
  exitCodesOfStops: [],
  networkEventActor: 'network',
  events: dockersEvents,
};

const podman: EngineProfile = {
  signalEndsRestarts: true,
  listsHealth: false,
  announcesHealth: true,
  listsNetworkMode: false,
  listsEndpointIds: false,
  // 143 and 137: ended by SIGTERM, or by SIGKILL after the grace time. A stop and a crash send the same events.
  exitCodesOfStops: [0, 137, 143],
  networkEventActor: 'container',
  // The filter of Podman 4.3 knows `died` alone, that of 5.x also `die`. The event says `die` on both.
  events: { ...dockersEvents, died: 'die', remove: 'destroy', restart: restarting },
};

/**
 * Chooses the profile from the headers of `GET /_ping`: only Podman sends `Libpod-API-Version`, which is its own version
 * (containers/podman, pkg/api/server/handler_api.go).
 */
export function profileFor(headers: Readonly<Record<string, string | readonly string[] | undefined>>): EngineProfile {
  const podmanVersion = versionIn(headers['libpod-api-version']) ?? versionIn(headers['server'], 'Libpod/');
  return podmanVersion === undefined ? newestDocker : podmanOf(podmanVersion);
}

/**
 * Measured on 4.3.1, which sent health events in one of two set-ups. Since pull request 19889 of September 2023, before 4.7, a
 * signal ends the restart policies.
 */
function podmanOf(version: string): EngineProfile {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major !== 4) return podman;
  return { ...podman, announcesHealth: false, ...(minor < 7 ? { signalEndsRestarts: false } : {}) };
}

/** The version after a prefix: digits and dots, and a suffix such as `-rc1`. */
function versionIn(header: unknown, prefix = ''): string | undefined {
  const text = typeof header === 'string' && header.startsWith(prefix) ? header.slice(prefix.length) : '';
  return /^\d{1,4}(\.\d{1,6}){0,3}(-[a-zA-Z0-9.]{1,20})?(?=$|[ +])/.exec(text)?.[0];
}
