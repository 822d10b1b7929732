import { defined, mapDefined } from '../util/defined.ts';
import { compareText, showUntrustedText } from './untrusted-text.ts';

/** The weight of a problem: `error` costs routes, `warning` costs a label or a choice, `notice` is for information. */
export type Severity = 'error' | 'warning' | 'notice';

/**
 * The only command that can find a problem; if absent, `run` and `render` find the same problems in the same
 * containers.
 */
type Finder = 'run' | 'render' | 'render --compose' | 'status';

interface ProblemSpec {
  readonly severity: Severity;
  readonly meaning: string;
  readonly foundBy?: Finder;
  /**
   * Whether the alert MeetGenProblem (`docs/observability/alerts.yml`) names the code; by default it names each
   * `error`.
   */
  readonly alerts?: boolean;
}

/** Every problem code with its severity and meaning; `docs/problems.md` is generated from this table. */
export const problemTable = {
  'unknown-label': { severity: 'warning', meaning: 'meet-gen does not know this `meet.*` label and ignores it.' },
  'bad-label-value': {
    severity: 'warning',
    meaning:
      "The value of a label is not allowed and is ignored: another replica's value applies, or the default. In a comma list only the bad entries are ignored.",
  },
  'label-without-effect': {
    severity: 'warning',
    meaning:
      "The label has no effect on this container, most often because of the container's role. meet-gen ignores the label: remove it, or put it on a container with the right role.",
  },
  'bad-role': { severity: 'error', meaning: 'The value of `meet.role` is not a role, so the container is ignored.' },
  'no-role': {
    severity: 'warning',
    foundBy: 'render --compose',
    meaning:
      'A service has labels for meet-gen but no `meet.role`, so it is ignored. Only `render --compose` can find this: meet-gen asks an engine only for containers with `meet.role`.',
  },
  'needs-engine': {
    severity: 'notice',
    foundBy: 'render --compose',
    meaning:
      'Without an engine a value is unknown: the address of a service in host mode, or the port that an image exposes. The printed file has a placeholder.',
  },
  'container-unreadable': {
    severity: 'error',
    meaning:
      "The engine's entry for a container is malformed, or has too many labels, networks or ports. Labels that were read earlier still apply; a container that was never readable is ignored.",
  },
  'no-instance': { severity: 'error', meaning: 'The instance of the container is unknown, so the container is ignored.' },
  'no-service': { severity: 'error', meaning: 'The service of the container is unknown, so the container gets no route.' },
  'no-paths': {
    severity: 'error',
    meaning: 'A `service` has no usable `meet.paths` or named route, so nothing is routed to it.',
  },
  'route-without-path': { severity: 'error', meaning: 'A `meet.route.<name>` has no path, so there is nothing to route.' },
  'allow-unreadable': {
    severity: 'error',
    meaning:
      "A `meet.allow` can't be read, so its path is closed to all clients. If its path can't be read either, all routes of the service are closed.",
  },
  'allow-without-route': {
    severity: 'warning',
    meaning: 'A `meet.allow` names a path that the service has no route for, so it guards nothing.',
  },
  'no-bucket': { severity: 'error', meaning: 'A `media` container has no usable `meet.media.bucket`, so requests for its files get 503.' },
  'no-port': { severity: 'error', meaning: 'The port of the container is unknown, so the container is out of rotation.' },
  'connection-refused': {
    severity: 'error',
    foundBy: 'status',
    alerts: false,
    meaning: 'A replica in rotation refuses connections: no program listens on its port, so its routes answer 503.',
  },
  'no-shared-network': {
    severity: 'error',
    meaning: 'The container shares no network with all frontends of its instance, so it is out of rotation.',
  },
  'no-address': {
    severity: 'error',
    meaning: 'The container runs on a shared network but has no address there, so it is out of rotation.',
  },
  'network-not-shared': {
    severity: 'warning',
    meaning:
      '`meet.network` names a network that the container does not share with the frontends, so meet-gen takes its address on another network.',
  },
  'no-frontend': {
    severity: 'warning',
    meaning:
      'An instance has no frontend, so nothing serves its routes and its file stays unchanged. Behind a router only the SPA is missing.',
  },
  'no-frontend-running': {
    severity: 'warning',
    meaning: 'No frontend of the instance runs, so nothing serves its routes. meet-gen still publishes addresses for the next start.',
  },
  'no-frontend-here': {
    severity: 'warning',
    meaning:
      'With `--source swarm`: all frontends of the instance are on other nodes, so this meet-gen makes none reload. Either `--node` is not the id of this node, or meet-gen needs the same `placement` as the frontend.',
  },
  'nobody-in-rotation': {
    severity: 'warning',
    meaning: 'No container of a routed service is in rotation, or there is no backend at all, so its requests get 503.',
  },
  'unhealthy-in-use': {
    severity: 'warning',
    alerts: true,
    meaning: 'All usable containers of a service are unhealthy, so requests go to containers whose health check fails.',
  },
  'contested-route': { severity: 'error', meaning: 'Two services ask for the same path; the first by name keeps it.' },
  'too-many-routes': {
    severity: 'error',
    meaning:
      'The services of an instance ask for too many paths. The paths of other projects, and of the last services by name, are left out.',
  },
  'replicas-disagree': {
    severity: 'warning',
    meaning:
      'Replicas of one service have different values: the newest readable value among those in rotation applies, for guards the strictest. With different roles each role is a separate service.',
  },
  'ports-collide': {
    severity: 'warning',
    meaning: 'The routing, status and SPA ports of an instance must differ; a colliding label is ignored.',
  },
  'foreign-project': { severity: 'notice', meaning: 'The container belongs to another compose project or stack than the instance.' },
  'foreign-project-refused': {
    severity: 'error',
    meaning: 'The container belongs to another compose project or stack than the instance, and `--strict-instance` refuses it.',
  },
  'owner-assumed': {
    severity: 'notice',
    foundBy: 'render',
    meaning: 'Several compose projects claim the instance. A single pass has no memory, so it reports which project it takes as the owner.',
  },
  'owner-undecided': {
    severity: 'error',
    meaning:
      'Several compose projects claim the instance, and its owner is unknown: the memory is unreadable, or with `--strict-instance` no option, memory or name decides. Its file stays unchanged.',
  },
  drained: { severity: 'notice', meaning: 'The container is drained: it takes no new requests while other replicas can.' },
  'backup-in-use': {
    severity: 'notice',
    meaning: 'Only replicas with `meet.backup` are in rotation, so they get the requests.',
  },
  'stop-overdue': {
    severity: 'warning',
    alerts: true,
    foundBy: 'run',
    meaning: 'The container got a stop signal 15 minutes ago and still runs, so it takes requests again.',
  },
  'crash-loop': {
    severity: 'error',
    foundBy: 'run',
    meaning: 'The container crashed three times within a minute, so after each start it has to run for a while before it gets requests.',
  },
  'probe-unclear': {
    severity: 'warning',
    foundBy: 'run',
    meaning: "The container's probe (`meet.health`) gets no clear answer, so the engine's health check decides.",
  },
  'reloads-held-back': {
    severity: 'notice',
    foundBy: 'run',
    meaning: 'Changes come so fast that nginx would reload too often, so additions wait a few seconds. Removals never wait.',
  },
  'engine-unreachable': {
    severity: 'error',
    foundBy: 'run',
    // The alert MeetGenEngineAway covers it.
    alerts: false,
    meaning: 'meet-gen cannot ask the engine, or on Swarm no manager gives a current view. nginx goes on serving the published file.',
  },
  'template-broken': {
    severity: 'error',
    foundBy: 'run',
    meaning:
      'The template cannot be read or rendered. The last good template stays in use, and addresses are still updated. Just after a start there is no good template: the published file stays unchanged, and addresses are not updated.',
  },
  'publish-failed': {
    severity: 'error',
    foundBy: 'run',
    meaning: 'The file could not be written. nginx goes on serving the file before it, and meet-gen retries.',
  },
  'not-kept': {
    severity: 'warning',
    foundBy: 'run',
    meaning:
      'A file that meet-gen keeps for its next start (refused files, drained containers) cannot be read or written. A restart would lose its content; meet-gen retries.',
  },
  'not-locked': {
    severity: 'notice',
    foundBy: 'run',
    meaning: 'The lock cannot be created in the directory, so a second meet-gen could publish there too.',
  },
  'single-file-out': {
    severity: 'warning',
    foundBy: 'run',
    meaning:
      'The published file is mounted or named as a single file. A mounted file can only be overwritten in place, so a starting nginx can read a part. A file that is not mounted is replaced, and a container that mounts it never sees the change. Mount the directory instead.',
  },
  'output-contested': {
    severity: 'error',
    foundBy: 'run',
    meaning: 'Another process keeps overwriting the published file: most likely a second meet-gen with other options.',
  },
  'reload-unverified': {
    severity: 'warning',
    alerts: true,
    foundBy: 'run',
    meaning: "The frontend's status server does not answer, so the configuration that it serves is unknown.",
  },
  shadowed: {
    severity: 'error',
    foundBy: 'run',
    meaning:
      "nginx has the published file, but another server of its configuration answers on the routing port, so visitors don't get the routes. Meet's official compose file creates such a server: it mounts `default.conf.template` into `/etc/nginx/templates`.",
  },
  'visitors-not-asked': {
    severity: 'notice',
    foundBy: 'run',
    meaning:
      'Your own template has no location that meet-gen can ask on the routing port, so only the status port proves the reload. Another server that answers visitors would not be found.',
  },
  'reload-pending': {
    severity: 'error',
    foundBy: 'run',
    meaning: 'The frontend got the reload signal but goes on serving another configuration than the published one.',
  },
  'reload-rejected': {
    severity: 'error',
    foundBy: 'run',
    meaning:
      "nginx refuses the file that labels and templates ask for. It goes live without the part that nginx names, or else the last good structure goes back with today's addresses. The refused file is kept with nginx's reason.",
  },
  'route-left-out': {
    severity: 'error',
    foundBy: 'run',
    meaning: 'nginx refuses paths. They are left out and answer 503, so the rest can go live.',
  },
  'check-impossible': {
    severity: 'warning',
    alerts: true,
    foundBy: 'run',
    meaning: "`--check exec` is set, but meet-gen can't run the check in a frontend. A change of structure waits until it can.",
  },
  'internal-error': {
    severity: 'error',
    foundBy: 'run',
    meaning:
      'A part of meet-gen failed, most likely by a bug. The other parts go on, the published file stays, and meet-gen retries the part. The log has the details once.',
  },
  'signal-failed': { severity: 'error', foundBy: 'run', meaning: 'The engine did not deliver the reload signal. meet-gen retries.' },
  'frontend-stays-down': {
    severity: 'error',
    foundBy: 'run',
    meaning:
      "A frontend crashed after a reload signal, and the engine doesn't start it again. The engine counts the signal as a manual stop, which ends some restart policies.",
  },
  'signal-unsafe': {
    severity: 'error',
    foundBy: 'run',
    meaning:
      "On this engine a reload signal ends the frontend's restart policy, so meet-gen sends no signal. A reload by a command in the frontend failed too, and nginx goes on with an older configuration. meet-gen retries.",
  },
} as const satisfies Record<string, ProblemSpec>;

export type ProblemCode = keyof typeof problemTable;

/** The codes that the alert names. */
export function alertedCodes(): readonly string[] {
  const rows = Object.entries<ProblemSpec>(problemTable);
  return rows.flatMap(([code, { severity, alerts = severity === 'error' }]) => (alerts ? [code] : [])).toSorted(compareText);
}

/** A fault, described to the person who can fix it. All untrusted text in it is already safe to show. */
export interface Problem {
  readonly code: ProblemCode;
  readonly severity: Severity;
  readonly instance?: string;
  readonly container?: string;
  readonly key?: string;
  readonly value?: string;
  /** The fault and its reason. */
  readonly message: string;
  /** The way to fix it. */
  readonly cure: string;
}

interface ProblemDetails {
  readonly instance?: string | undefined;
  readonly container?: string | undefined;
  readonly key?: string | undefined;
  readonly value?: string | undefined;
  readonly message: string;
  readonly cure: string;
}

const maxSentenceLength = 1000;

/** Creates a problem and makes untrusted text in the details safe to show. */
export function problem(code: ProblemCode, details: ProblemDetails): Problem {
  const { instance, container, key, value, message, cure } = details;
  return {
    code,
    severity: problemTable[code].severity,
    ...defined({
      instance: mapDefined(instance, showUntrustedText),
      container: mapDefined(container, showUntrustedText),
      key: mapDefined(key, showUntrustedText),
      value: mapDefined(value, showUntrustedText),
    }),
    // The text of an error in a message is untrusted too.
    message: showUntrustedText(message, maxSentenceLength),
    cure: showUntrustedText(cure, maxSentenceLength),
  };
}

/** The identity of a problem in one line: problems with the same line are the same. */
export function problemKey(item: Problem): string {
  return JSON.stringify([item.code, item.instance, item.container, item.key, item.value, item.message]);
}

/** The problems in a stable order, without duplicates. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const byKey = new Map(problems.map((item) => [problemKey(item), item]));
  return [...byKey].toSorted(([left], [right]) => compareText(left, right)).map(([, item]) => item);
}
