import { allowPrefix } from './allow-labels.ts';
import { chooseAddress, sharedNetworks } from './address.ts';
import type { Address, Reachable } from './address.ts';
import type { Container, Observation } from './container.ts';
import { compareText } from './foreign-text.ts';
import { labelTable } from './label-table.ts';
import type { LabelName, Labels, Role } from './label-table.ts';
import { isComposeOneOff, likelyInstance } from './member.ts';
import type { FrontendMember, Member, ServiceMember } from './member.ts';
import { routePrefix } from './named-routes.ts';
import { noteFor, withOwnersNetworks } from './network-owner.ts';
import { noteProblems } from './note-problems.ts';
import type { HealthLabel } from './nginx-token.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';
import { createReadings } from './readings.ts';
import type { Readings } from './readings.ts';
import { bestRank, judge } from './rotation.ts';
import type { Standing } from './rotation.ts';

/** A container of a service or of the SPA, judged: in rotation or not, and why. */
export interface Replica {
  readonly container: Container;
  /** The compose project it belongs to. */
  readonly project?: string;
  readonly standing: Standing;
  readonly inRotation: boolean;
  /** `address:port`, when the container has a usable one. */
  readonly endpoint?: string;
  readonly network?: string;
  /** Who says that it is ready; absent for the engine. */
  readonly health?: HealthLabel;
  /** Its own share of the service's requests, where its labels say something of it. */
  readonly weight?: number;
  readonly maxConns?: number;
  readonly isBackup?: boolean;
}

/** All replicas of one service of one project, with what their labels say together. */
export interface Service {
  readonly name: string;
  readonly project?: string;
  readonly role: ServiceMember['role'];
  readonly labels: Labels;
  readonly replicas: readonly Replica[];
}

/** One Meet: its frontends or routers, and what is behind them. */
export interface Instance {
  readonly name: string;
  /** The frontends' own compose project. */
  readonly project?: string;
  readonly frontendLabels: Labels;
  /** Whose nginx includes the rendered file: the frontends, or the routers where the instance has some of its own project. */
  readonly frontends: readonly Replica[];
  /** Who serves the SPA behind routers; absent where the frontends are their own. */
  readonly spa?: readonly Replica[];
  readonly services: readonly Service[];
}

/**
 * The networks that upstreams are reached on: those that all frontends share, and for a container on none of them those
 * that the frontends of the instance's own project share. Undefined while there is no frontend to share one with.
 */
type Reach = { readonly byAll: Reachable; readonly byOwn: Reachable } | undefined;

/** Where containers of a role listen that say nothing else. */
export const defaultPorts = { frontend: 8080, router: 8083, backend: 8000, media: 9000 } as const satisfies Partial<Record<Role, number>>;

/** Which instances are looked at, and how. */
export interface InstanceChoice {
  /** The only one, or undefined for all. */
  readonly only?: string | undefined;
  /** Containers of other compose projects than the instance's own are refused. */
  readonly strict?: boolean;
}

/**
 * Sorts the observed containers into instances. What can't be used is a problem and costs only itself.
 * @param readings of the observation before, so that only what has changed since is read; an instance that has not is the same object
 */
export function readInstances(
  observation: Observation,
  { only, strict = false }: InstanceChoice = {},
  readings: Readings<Instance> = createReadings(),
): { instances: readonly Instance[]; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const byInstance = new Map<string, Member[]>();
  for (const container of withOwnersNetworks(observation.containers)) {
    if (container.labels['meet.role'] === undefined) continue;
    const { member, problems: found } = readings.member(container);
    if (only !== undefined && (member?.instance ?? likelyInstance(container)) !== only) continue;
    problems.push(...found);
    if (member === undefined) continue;
    const others = byInstance.get(member.instance);
    if (others === undefined) byInstance.set(member.instance, [member]);
    else others.push(member);
  }
  readings.retain(new Set(byInstance.keys()));
  const read = [...byInstance]
    .toSorted(([left], [right]) => compareText(left, right))
    .map(([name, members]) =>
      readings.instance(
        name,
        members,
        (container) => noteFor(container, observation.notes),
        () => {
          const found: Problem[] = [];
          const instance = readInstance(name, members.toSorted(byNameThenId), observation, strict, found);
          return { instance, problems: found };
        },
      ),
    );
  for (const reading of read) problems.push(...reading.problems);
  return { instances: read.map(({ instance }) => instance), problems };
}

function readInstance(name: string, all: readonly Member[], observation: Observation, strict: boolean, problems: Problem[]): Instance {
  const project = ownProject(name, all.filter(isLastingNginx));
  const foreign = all.some(isLastingNginx) ? all.filter((member) => member.project !== project) : [];
  tellForeignProjects(name, foreign, strict, problems);
  const members = strict ? all.filter((member) => !foreign.includes(member)) : all;
  const lasting = members.filter(isLastingNginx);
  const { frontends, spa } = splitRouters(lasting, project);
  const kind = spa === undefined ? 'frontend' : 'router';
  if (spa?.length === 0) problems.push(noSpa(name));
  if (frontends.length === 0) {
    problems.push(
      problem('no-frontend', {
        instance: name,
        message: 'no container with meet.role=frontend belongs to this instance, so nobody serves its routes',
        cure: 'label the frontend with meet.role=frontend, or correct meet.instance',
      }),
    );
  }
  if (frontends.length > 0 && frontends.every((member) => member.container.state !== 'running')) {
    problems.push(
      problem('no-frontend-running', {
        instance: name,
        container: frontends.map((member) => member.container.name).join(', '),
        message: `no ${kind} of this instance runs, so nobody serves its routes`,
        cure: 'start it; if it ends again, its log says why (docker logs)',
      }),
    );
  }
  const own = frontends.filter((member) => member.project === project);
  const reachable = frontends.length === 0 ? undefined : { byAll: shareNetworks(frontends), byOwn: shareNetworks(own) };
  const services = groupServices(members).map((replicas) => readService(replicas, reachable, observation, problems));
  const frontendLabels = agree(own, name, `the ${kind}s`, problems);
  return {
    name,
    ...(project === undefined ? {} : { project }),
    frontendLabels,
    frontends: judgeReplicas(frontends, reachable, observation, problems, spa !== undefined || frontends.length < 2 ? [] : problems),
    ...(spa === undefined ? {} : { spa: judgeReplicas(spa, reachable, observation, problems) }),
    services,
  };
}

function readService(members: Group, reachable: Reach, observation: Observation, problems: Problem[]): Service {
  const lasting = members.filter((member) => !isComposeOneOff(member.container));
  const [{ service: name, project, instance, role }] = members;
  return {
    name,
    ...(project === undefined ? {} : { project }),
    role: newest(preferRunning(lasting))?.role ?? role,
    labels: agree(lasting, instance, `the replicas of ${name}`, problems),
    replicas: judgeReplicas(members, reachable, observation, problems),
  };
}

function judgeReplicas(
  members: readonly Member[],
  reachable: Reach,
  observation: Observation,
  problems: Problem[],
  addressProblems = problems,
): readonly Replica[] {
  const judged = members.map((member) => {
    const note = noteFor(member.container, observation.notes);
    const standing = judge(member, note);
    problems.push(...noteProblems(member, note));
    const endpoint = standing.rank === 'never' || reachable === undefined ? undefined : locate(member, reachable, addressProblems);
    return { member, standing, endpoint };
  });
  const best = bestRank(judged.filter(({ endpoint }) => endpoint !== undefined).map(({ standing }) => standing));
  return judged.map(({ member, standing, endpoint }) => ({
    container: member.container,
    ...(member.project === undefined ? {} : { project: member.project }),
    standing,
    inRotation: endpoint !== undefined && standing.rank === best,
    ...(endpoint === undefined ? {} : { endpoint: `${endpoint.address}:${endpoint.port}`, network: endpoint.network }),
    ...(member.labels.health === undefined ? {} : { health: member.labels.health }),
    ...(member.labels.weight === undefined || member.labels.weight === 1 ? {} : { weight: member.labels.weight }),
    ...(member.labels.maxConns === undefined ? {} : { maxConns: member.labels.maxConns }),
    ...(member.labels.backup === true ? { isBackup: true } : {}),
  }));
}

function locate(member: Member, reachable: NonNullable<Reach>, problems: Problem[]): (Address & { port: number }) | undefined {
  const isShared = member.container.networks.some((network) => reachable.byAll.has(network.name));
  const { address, problems: addressProblems } = chooseAddress(member, isShared ? reachable.byAll : reachable.byOwn);
  problems.push(...addressProblems);
  if (address === undefined) return undefined;
  // Last, since the engine lists no ports of a container without a network.
  const port = member.labels.port ?? usualPort(member);
  if (port === undefined) problems.push(noPort(member));
  return port === undefined ? undefined : { ...address, port };
}

function usualPort({ role, container, labels }: Member): number | undefined {
  if (role === 'router') return labels.listen ?? defaultPorts.router;
  if (role !== 'service') return defaultPorts[role];
  return container.exposedTcpPorts[0] ?? labels.routes?.find((route) => route.port)?.port;
}

function noPort({ instance, container }: Member): Problem {
  return problem('no-port', {
    instance,
    container: container.name,
    key: 'meet.port',
    message: 'the container exposes no TCP port and has no meet.port',
    cure: 'set meet.port to the port that it listens on',
  });
}

/**
 * The labels that hold for all of them: where those that run disagree (a rolling change), the newest container's, with
 * one warning. One that was only created may never start.
 */
function agree(all: readonly Member[], instance: string, whose: string, problems: Problem[]): Labels {
  const members = preferRunning(all);
  const latest = newest(members);
  if (latest === undefined) return {};
  const perReplica: readonly LabelName[] = isNginx(latest)
    ? ['network', 'instance']
    : ['port', 'network', 'instance', 'service', 'health', 'drain', 'weight', 'backup', 'maxConns'];
  const shared = (Object.keys(labelTable) as LabelName[]).filter((name) => !perReplica.includes(name));
  const disputed = shared.filter((name) =>
    members.some((member) => JSON.stringify(member.labels[name]) !== JSON.stringify(latest.labels[name])),
  );
  const differ = (family: 'routes' | 'allow'): boolean =>
    members.some(({ labels }) => JSON.stringify(labels[family]) !== JSON.stringify(latest.labels[family]));
  const families = [...(differ('routes') ? [`${routePrefix}*`] : []), ...(differ('allow') ? [`${allowPrefix}*`] : [])];
  const isRoleDisputed = members.some((member) => member.role !== latest.role);
  const keys = [...(isRoleDisputed ? ['meet.role'] : []), ...disputed.map((name) => labelTable[name].key), ...families];
  if (keys.length > 0) {
    problems.push(
      problem('replicas-disagree', {
        instance,
        container: latest.container.name,
        key: keys.join(', '),
        message: `${whose} carry different values; those of the newest container hold`,
        cure: 'recreate the older ones, so that all carry the same labels',
      }),
    );
  }
  return latest.labels;
}

function tellForeignProjects(instance: string, foreign: readonly Member[], strict: boolean, problems: Problem[]): void {
  for (const { container, project } of foreign) {
    problems.push(
      problem(strict ? 'foreign-project-refused' : 'foreign-project', {
        instance,
        container: container.name,
        value: project ?? '',
        message: `the container belongs to another compose project than the frontends of its instance${strict ? ', and is refused' : ''}`,
        cure: strict
          ? 'correct meet.instance, or run meet-gen without --strict-instance'
          : 'nothing, if that is meant; otherwise correct meet.instance',
      }),
    );
  }
}

function isNginx(member: Member): member is FrontendMember {
  return member.role === 'frontend' || member.role === 'router';
}

function isLastingNginx(member: Member): member is FrontendMember {
  return isNginx(member) && !isComposeOneOff(member.container);
}

/**
 * Whose nginx includes the file, and who else serves the SPA. A router of another project makes no difference: it would take
 * the place of the instance's own frontends.
 */
function splitRouters(
  lasting: readonly FrontendMember[],
  project: string | undefined,
): { readonly frontends: readonly FrontendMember[]; readonly spa?: readonly FrontendMember[] } {
  const routers = lasting.filter((member) => member.role === 'router');
  const frontends = lasting.filter((member) => member.role === 'frontend');
  if (!routers.some((member) => member.project === project)) return { frontends };
  const own = frontends.filter((member) => member.project === project);
  return { frontends: routers, spa: own.map((member) => ({ ...member, isBehindRouter: true })) };
}

function noSpa(instance: string): Problem {
  return problem('no-frontend', {
    instance,
    message: 'the instance has a router but no container with meet.role=frontend, so nobody serves the SPA: 503',
    cure: "label the frontend with meet.role=frontend; it has to be of the router's own compose project",
  });
}

/** The members of one service; there is always one. */
type Group = readonly [ServiceMember, ...ServiceMember[]];

function groupServices(members: readonly Member[]): readonly Group[] {
  const groups = new Map<string, [ServiceMember, ...ServiceMember[]]>();
  for (const member of members) {
    if (isNginx(member)) continue;
    // Never one with others: a path of theirs would then lead to S3, past what the backend allows.
    const key = JSON.stringify([member.project, member.service, member.role === 'media']);
    const others = groups.get(key);
    if (others === undefined) groups.set(key, [member]);
    else others.push(member);
  }
  // A one-off alone is no service: nothing lasting stands behind its labels.
  return [...groups]
    .toSorted(([left], [right]) => compareText(left, right))
    .flatMap(([, group]) => (group.every((member) => isComposeOneOff(member.container)) ? [] : [group]));
}

function shareNetworks(frontends: readonly Member[]): Reachable {
  return sharedNetworks(preferRunning(frontends).map((member) => member.container));
}

/** Running ones when there are any: what doesn't run must not decide for what does. */
function preferRunning<Kind extends Member>(members: readonly Kind[]): readonly Kind[] {
  const running = members.filter((member) => member.container.state === 'running');
  return running.length > 0 ? running : members;
}

/**
 * The project that an instance is: the one it is named after, else the first by name, so that redeploying never changes
 * it. A container of another project may say that it belongs here, but its labels and networks decide nothing for others.
 */
function ownProject(instance: string, frontends: readonly Member[]): string | undefined {
  const projects = frontends.map((member) => member.project ?? '').toSorted(compareText);
  return (projects.includes(instance) ? instance : projects[0]) || undefined;
}

function newest<Kind extends Member>(members: readonly Kind[]): Kind | undefined {
  return byAge(members).at(-1);
}

/** Oldest first; of the same second, the lowest id last. */
function byAge<Kind extends Member>(members: readonly Kind[]): readonly Kind[] {
  return members.toSorted(
    (left, right) =>
      left.container.createdAtSeconds - right.container.createdAtSeconds || compareText(right.container.id, left.container.id),
  );
}

function byNameThenId(left: Member, right: Member): number {
  return compareText(left.container.name, right.container.name) || compareText(left.container.id, right.container.id);
}
