import { defined, mapDefined } from '../util/defined.ts';
import { compareText, showForeignText } from './foreign-text.ts';

/** How much a problem weighs: `error` costs somebody routes, `warning` costs a label or a choice, `notice` only tells. */
export type Severity = 'error' | 'warning' | 'notice';

/** The command that alone can find a problem; without one `run` and `render` find the same from the same containers. */
type Finder = 'run' | 'render' | 'render --compose' | 'status';

interface ProblemSpec {
  readonly severity: Severity;
  readonly meaning: string;
  readonly foundBy?: Finder;
  /** Whether the alert MeetGenProblem (`docs/observability/alerts.yml`) names the code; without it, it names each `error`. */
  readonly alerts?: boolean;
}

/** Every code that a problem can carry, with its weight and meaning; `docs/problems.md` is generated from it. */
export const problemTable = {
  'unknown-label': { severity: 'warning', meaning: 'A `meet.*` label that meet-gen does not know; it is ignored.' },
  'bad-label-value': {
    severity: 'warning',
    meaning:
      "A label whose value is outside its grammar; it is ignored: another replica's value holds, or the default. Of a comma list a bad entry alone is ignored.",
  },
  'label-without-effect': { severity: 'warning', meaning: 'A label that does nothing on a container of this role; it is ignored.' },
  'bad-role': { severity: 'error', meaning: '`meet.role` is none of the roles; the container is ignored.' },
  'no-role': {
    severity: 'warning',
    foundBy: 'render --compose',
    meaning:
      'A service has labels for meet-gen but no `meet.role`, so it is ignored. Only `render --compose` can tell: an engine is asked for containers with `meet.role` alone, and shows no others.',
  },
  'needs-engine': {
    severity: 'notice',
    foundBy: 'render --compose',
    meaning:
      "Something that can't be told without an engine: the address of a service in host mode, or the port that an image exposes. What is printed has a placeholder for it.",
  },
  'container-unreadable': {
    severity: 'error',
    meaning:
      'What the engine says of a container makes no sense, or has more labels, networks or ports than are read. Labels that were read before hold on; a container that never could be read is ignored.',
  },
  'no-instance': { severity: 'error', meaning: 'It cannot be told which Meet the container belongs to; it is ignored.' },
  'no-service': { severity: 'error', meaning: 'It cannot be told whose replica the container is; it gets no route.' },
  'no-paths': { severity: 'error', meaning: 'A `service` without usable `meet.paths` or named route; there is nothing to route to it.' },
  'route-without-path': { severity: 'error', meaning: 'A `meet.route.<name>` without a path; there is nothing to route.' },
  'allow-unreadable': {
    severity: 'error',
    meaning:
      "A `meet.allow` that can't be read: its path is closed to everybody, or all routes of the service where the path can't be read either.",
  },
  'allow-without-route': {
    severity: 'warning',
    meaning: 'A `meet.allow` for a path that the service is not routed for; it does nothing.',
  },
  'no-bucket': { severity: 'error', meaning: 'A `media` container without usable `meet.media.bucket`; its files are answered with 503.' },
  'no-port': { severity: 'error', meaning: 'No port is known to reach the container on; it is out of rotation.' },
  'connection-refused': {
    severity: 'error',
    foundBy: 'status',
    alerts: false,
    meaning: 'A replica in rotation refuses connections: nothing listens on the port that is taken for it, so its routes answer 503.',
  },
  'no-shared-network': {
    severity: 'error',
    meaning: 'The container shares no network with all frontends of its instance; it is out of rotation.',
  },
  'no-address': { severity: 'error', meaning: 'The container runs on a shared network but has no address there; it is out of rotation.' },
  'network-not-shared': {
    severity: 'warning',
    meaning: '`meet.network` names a network that is not shared with the frontends; another one is taken.',
  },
  'no-frontend': {
    severity: 'warning',
    meaning:
      'An instance without a frontend: nobody serves its routes, so its file is left as it is; behind a router the SPA alone is missing.',
  },
  'no-frontend-running': {
    severity: 'warning',
    meaning: 'No frontend of the instance runs, so nobody serves its routes; addresses go on being published for when one starts.',
  },
  'nobody-in-rotation': {
    severity: 'warning',
    meaning: 'No container of a routed service is in rotation (or no backend is there at all), so requests for it are answered with 503.',
  },
  'unhealthy-in-use': {
    severity: 'warning',
    alerts: true,
    meaning: 'No container of a service is any better than unhealthy, so requests go to those whose health check fails.',
  },
  'contested-route': { severity: 'error', meaning: 'Two services ask for the same path; the one that sorts first keeps it.' },
  'too-many-routes': {
    severity: 'error',
    meaning:
      'The services of an instance ask for more paths than are routed; those of other projects, and of services that sort last, are left out.',
  },
  'replicas-disagree': {
    severity: 'warning',
    meaning:
      'Replicas of one service carry different values: the newest readable value among those in rotation holds, of guards the strictest. Or they have different roles: each is then a service of its own.',
  },
  'ports-collide': {
    severity: 'warning',
    meaning: 'Routing, status and SPA port of an instance must differ; a colliding label is ignored.',
  },
  'foreign-project': { severity: 'notice', meaning: "A container of another compose project than the instance's frontends." },
  'foreign-project-refused': {
    severity: 'error',
    meaning: "A container of another compose project than the instance's frontends, refused by `--strict-instance`.",
  },
  'owner-assumed': {
    severity: 'notice',
    foundBy: 'render',
    meaning: 'Several compose projects claim the instance. A single pass has no memory, so it says whom it takes for the owner.',
  },
  'owner-undecided': {
    severity: 'error',
    meaning:
      'Several compose projects claim the instance, and it is not known whose it is: with `--strict-instance`, neither `--project`, nor memory, nor its name says it; or the memory cannot be read. Its file stays as it is.',
  },
  drained: { severity: 'notice', meaning: 'The container takes no new requests while others can, since it is drained.' },
  'backup-in-use': {
    severity: 'notice',
    meaning: 'Nobody but the replicas with `meet.backup` is in rotation, so they get the requests.',
  },
  'stop-overdue': {
    severity: 'warning',
    alerts: true,
    foundBy: 'run',
    meaning: 'The container got a stop signal 15 minutes ago and still runs; it takes requests again.',
  },
  'crash-loop': {
    severity: 'error',
    foundBy: 'run',
    meaning:
      'The container ended by itself three times within a minute; after each start it has to run for a while before it gets requests.',
  },
  'probe-unclear': {
    severity: 'warning',
    foundBy: 'run',
    meaning: "The container's probe (`meet.health`) gets no answer that decides anything; the engine's health holds.",
  },
  'reloads-held-back': {
    severity: 'notice',
    foundBy: 'run',
    meaning: 'So many changes came that nginx would be reloaded too often: what is only added waits a few seconds. Removals never wait.',
  },
  'engine-unreachable': {
    severity: 'error',
    foundBy: 'run',
    // MeetGenEngineAway is about it.
    alerts: false,
    meaning: "The engine can't be asked; the last good file goes on being served.",
  },
  'template-broken': {
    severity: 'error',
    foundBy: 'run',
    meaning:
      'The template cannot be read or rendered; the last good one is kept, and addresses go on following. Just after a start there is no last good one: the published file stays as it is, and addresses do not follow.',
  },
  'publish-failed': {
    severity: 'error',
    foundBy: 'run',
    meaning: 'The file could not be written; the last good one is still served. It is tried again.',
  },
  'not-kept': {
    severity: 'warning',
    foundBy: 'run',
    meaning:
      'A file that meet-gen keeps for its next start (what was refused, which containers are drained) cannot be read or written; a restart forgets it. It is tried again.',
  },
  'not-locked': {
    severity: 'notice',
    foundBy: 'run',
    meaning: 'Nothing keeps a second meet-gen from publishing into the same directory, since the lock cannot be made there.',
  },
  'single-file-out': {
    severity: 'warning',
    foundBy: 'run',
    meaning:
      'What is published is a file that is mounted or named by itself. Mounted, it can only be written over, which an nginx that starts in that moment can see half of; not mounted, it is replaced, which a container that mounts it never sees. Mount the directory instead.',
  },
  'output-contested': {
    severity: 'error',
    foundBy: 'run',
    meaning: 'Somebody else writes the published file again and again: most likely another meet-gen with other options.',
  },
  'reload-unverified': {
    severity: 'warning',
    alerts: true,
    foundBy: 'run',
    meaning: "The frontend's status server does not answer, so it is not known which configuration it serves.",
  },
  shadowed: {
    severity: 'error',
    foundBy: 'run',
    meaning:
      "nginx has the published file, but another server of its configuration answers on the routing port, so visitors don't get the routes. Meet's official compose makes one: it mounts `default.conf.template` into `/etc/nginx/templates`.",
  },
  'visitors-not-asked': {
    severity: 'notice',
    foundBy: 'run',
    meaning:
      "A template of your own has no location that meet-gen could ask on the routing port, so only the status port proves what is live: another server in the file's place would not be found.",
  },
  'reload-pending': {
    severity: 'error',
    foundBy: 'run',
    meaning: 'The frontend goes on serving another configuration than the published one, although it was told to reload.',
  },
  'reload-rejected': {
    severity: 'error',
    foundBy: 'run',
    meaning:
      "nginx refuses what labels and templates ask for. All but what it names is served, else the last good structure, with today's addresses; the refused file is kept with nginx's words.",
  },
  'route-left-out': {
    severity: 'error',
    foundBy: 'run',
    meaning: 'Paths that nginx refuses are left out and answer 503, so that the rest can go live.',
  },
  'check-impossible': {
    severity: 'warning',
    alerts: true,
    foundBy: 'run',
    meaning: "`--check exec` is asked for, but the frontends' nginx can't be asked; a change of structure waits until it can.",
  },
  'internal-error': {
    severity: 'error',
    foundBy: 'run',
    meaning:
      'A part of meet-gen failed, most likely by a bug. The other parts go on, what is published stays, and the part is retried; the log has the details, once.',
  },
  'signal-failed': { severity: 'error', foundBy: 'run', meaning: 'The engine refused to pass the reload signal on. It is tried again.' },
} as const satisfies Record<string, ProblemSpec>;

export type ProblemCode = keyof typeof problemTable;

/** The codes that are worth an alert. */
export function alertedCodes(): readonly string[] {
  const rows = Object.entries<ProblemSpec>(problemTable);
  return rows.flatMap(([code, { severity, alerts = severity === 'error' }]) => (alerts ? [code] : [])).toSorted(compareText);
}

/** Something that is wrong, for the person who can fix it. All foreign text in it is already made safe to show. */
export interface Problem {
  readonly code: ProblemCode;
  readonly severity: Severity;
  readonly instance?: string;
  readonly container?: string;
  readonly key?: string;
  readonly value?: string;
  /** One sentence: what happened and why. */
  readonly message: string;
  /** One sentence: what to do. */
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

/** Makes a problem; foreign text in the details is made safe to show here, once for all. */
export function problem(code: ProblemCode, details: ProblemDetails): Problem {
  const { instance, container, key, value, message, cure } = details;
  return {
    code,
    severity: problemTable[code].severity,
    ...defined({
      instance: mapDefined(instance, showForeignText),
      container: mapDefined(container, showForeignText),
      key: mapDefined(key, showForeignText),
      value: mapDefined(value, showForeignText),
    }),
    // An error's own words in a message are foreign too.
    message: showForeignText(message, maxSentenceLength),
    cure: showForeignText(cure, maxSentenceLength),
  };
}

/** One line that identifies a problem: two problems with the same line are the same problem. */
export function problemKey(item: Problem): string {
  return JSON.stringify([item.code, item.instance, item.container, item.key, item.value, item.message]);
}

/** The problems in a stable order, without duplicates. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const byKey = new Map(problems.map((item) => [problemKey(item), item]));
  return [...byKey].toSorted(([left], [right]) => compareText(left, right)).map(([, item]) => item);
}
