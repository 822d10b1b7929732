/*
 * model/: containers and the notes about them go in. Instances come out: services and replicas with their labels,
 * addresses and places in the rotation, and problems.
 */

import { chooseAddress, sharedNetworks } from './address.ts';
import type { Reachable } from './address.ts';
import { byId } from './by-id.ts';
import { agree } from './agreed-labels.ts';
import type { Container, Observation } from './container.ts';
import { inRotationOf } from './deciders.ts';
import type { Judged } from './deciders.ts';
import { compareText } from './untrusted-text.ts';
import { keepsOut } from './guards.ts';
import { inRotation } from './in-rotation.ts';
import { defaultPorts } from './instance.ts';
import type { Instance, Replica, Service } from './instance.ts';
import { isComposeOneOff, likelyInstance, readMember } from './member.ts';
import type { Member } from './member.ts';
import { groupServices, isLastingNginx, preferRunning, splitRouters, reportForeignProjects } from './membership.ts';
import type { Group } from './membership.ts';
import { networkOwnerOf, noteFor, withOwnersNetworks } from './network-owner.ts';
import { noteProblems } from './note-problems.ts';
import { assumedOwner, decideOwner, undecidedOwner } from './owner.ts';
import type { KnownOwners } from './owner.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';
import { createReadings } from './readings.ts';
import type { Readings } from './readings.ts';
import { judge } from './rotation.ts';
import { serverParametersOf } from './server-parameters.ts';
import { defined } from '../util/defined.ts';

/**
 * The networks on which upstreams are reached: the networks that the frontends of the instance's own project share.
 * Undefined without a frontend.
 */
type Reach = Reachable | undefined;

/** The observation, and the containers that were in rotation at the last reading of the instance. */
type Seen = Observation & { readonly hasServed: ReadonlySet<string> };

/** The instances to read, and how. */
export interface InstanceChoice extends KnownOwners {
  /** The only instance to read; undefined for all. */
  readonly only?: string | undefined;
  /** Refuse containers of other compose projects than the instance's own. */
  readonly strict?: boolean;
}

/**
 * Groups the observed containers into instances. An unusable container or label is a problem and costs only itself.
 * @param readings the readings of earlier observations: only changes are read, and an unchanged instance is the same
 * object
 */
export function readInstances(
  observation: Observation,
  choice: InstanceChoice = {},
  readings: Readings<Instance> = createReadings(),
): { instances: readonly Instance[]; problems: readonly Problem[] } {
  const { only } = choice;
  const problems: Problem[] = [];
  const byInstance = new Map<string, Member[]>();
  for (const container of withOwnersNetworks(observation.containers)) {
    const { labels, unreadable } = container;
    if (labels['meet.role'] === undefined && unreadable === undefined) continue;
    // The instance comes first: labels of another instance are not read. An unreadable entry without a role concerns
    // all instances.
    if (only !== undefined && labels['meet.role'] !== undefined && likelyInstance(container) !== only) continue;
    if (unreadable !== undefined) problems.push(notRead(container, unreadable));
    if (unreadable !== undefined && !container.hasEarlierLabels) continue;
    const { member, problems: found } = readings.member(container);
    problems.push(...found);
    if (member === undefined) continue;
    const others = byInstance.get(member.instance);
    if (others === undefined) byInstance.set(member.instance, [member]);
    else others.push(member);
  }
  readings.retain(new Set(byInstance.keys()));
  const isNoted = notedInstances(observation);
  const read = [...byInstance]
    .toSorted(([left], [right]) => compareText(left, right))
    .map(([name, members]) =>
      readings.instance(
        name,
        ownerKnown(name, choice),
        members,
        isNoted(name) ? (container) => noteFor(container, observation.notes) : undefined,
        (before) => {
          const found: Problem[] = [];
          const world = { ...observation, hasServed: inRotation(before === undefined ? [] : [before]) };
          const instance = readInstance(name, members.toSorted(byNameThenId), world, choice, found);
          return { instance, problems: found };
        },
      ),
    );
  for (const reading of read) problems.push(...reading.problems);
  return { instances: read.map(({ instance }) => instance), problems };
}

/** The facts besides containers that decide the owner of an instance. */
function ownerKnown(name: string, { given, remembered, unread }: KnownOwners): string {
  return JSON.stringify([given?.get(name), remembered?.get(name), unread?.has(name)]);
}

/** Whether there are notes about containers of an instance. Most containers have no notes. */
function notedInstances({ containers, notes }: Observation): (instance: string) => boolean {
  // A note about a container then counts for the containers in its network too.
  if (notes.size > 0 && containers.some((container) => networkOwnerOf(container) !== undefined)) return () => true;
  const there = byId(containers);
  const names = new Set([...notes.keys()].flatMap((id) => there.get(id) ?? []).map(likelyInstance));
  return (instance) => names.has(instance);
}

function readInstance(name: string, all: readonly Member[], observation: Seen, choice: InstanceChoice, problems: Problem[]): Instance {
  const { strict = false } = choice;
  const nginxes = all.filter(isLastingNginx);
  const claimants = nginxes.map((member) => member.project);
  const owner = decideOwner(name, claimants, choice, strict);
  if ('undecided' in owner) {
    problems.push(undecidedOwner(name, owner.undecided));
    return { name, frontendLabels: {}, frontends: [], services: [] };
  }
  problems.push(...assumedOwner(name, owner, claimants, choice));
  const { project, reason: ownerReason } = owner;
  const foreign = nginxes.length > 0 || project !== undefined ? all.filter((member) => member.project !== project) : [];
  reportForeignProjects(name, project, foreign, strict, problems);
  const strangers = new Set(foreign);
  const members = strict ? all.filter((member) => !strangers.has(member)) : all;
  // Frontends of other projects don't replace missing frontends of the owner.
  const lasting = nginxes.some((member) => member.project === project) ? members.filter(isLastingNginx) : [];
  const { frontends, spa } = splitRouters(lasting, project);
  const kind = spa === undefined ? 'frontend' : 'router';
  if (spa?.length === 0) problems.push(noSpa(name));
  if (frontends.length === 0) {
    problems.push(
      problem('no-frontend', {
        instance: name,
        message: `no container with meet.role=frontend${nginxes.length === 0 ? '' : ` in its own project, ${project ?? ''},`} belongs to this instance, so nothing serves its routes`,
        cure:
          nginxes.length === 0
            ? 'label the frontend with meet.role=frontend, or correct meet.instance'
            : `start the frontend of ${project ?? ''}; if the instance now belongs to another compose project, set --project ${name}=<project>`,
      }),
    );
  }
  if (frontends.length > 0 && frontends.every((member) => member.container.state !== 'running')) {
    problems.push(
      problem('no-frontend-running', {
        instance: name,
        container: frontends.map((member) => member.container.name).join(', '),
        message: `no ${kind} of this instance runs, so nothing serves its routes`,
        cure: 'start the container; if the container ends again, read its log (docker logs)',
      }),
    );
  }
  if (frontends.length > 0 && frontends.every((member) => member.container.isElsewhere)) problems.push(noFrontendHere(name, kind));
  const own = frontends.filter((member) => member.project === project);
  const reachable = frontends.length === 0 ? undefined : shareNetworks(own);
  const { groups, problems: conflicts } = groupServices(name, members);
  problems.push(...conflicts);
  const services = groups.map((replicas) => readService(replicas, reachable, observation, problems));
  const judged = judgeMembers(frontends, reachable, observation, problems, spa !== undefined || frontends.length < 2 ? [] : problems);
  const { labels: frontendLabels, problems: disputes } = agree(
    judged.filter(({ member }) => member.project === project),
    name,
    `the ${kind}s`,
  );
  problems.push(...disputes);
  return {
    name,
    ...defined({ project, ownerReason }),
    frontendLabels,
    frontends: rankApart(judged, project),
    ...(spa === undefined ? {} : { spa: replicasOf(judgeMembers(spa, reachable, observation, problems)) }),
    services,
  };
}

function readService(members: Group, reachable: Reach, observation: Seen, problems: Problem[]): Service {
  const [{ service: name, project, instance, role }] = members;
  const judged = judgeMembers(members, reachable, observation, problems);
  const lasting = judged.filter(({ member }) => !isComposeOneOff(member.container));
  const { labels, problems: disputes } = agree(lasting, instance, `the replicas of ${name}`);
  problems.push(...disputes);
  return {
    name,
    ...defined({ project }),
    role,
    labels,
    replicas: replicasOf(judged).map((replica, index) =>
      keepsOut(labels.allow, judged[index]?.member.labels.allow) ? replica : { ...replica, isUnguarded: true },
    ),
  };
}

function judgeMembers(
  members: readonly Member[],
  reachable: Reach,
  observation: Seen,
  problems: Problem[],
  addressProblems = problems,
): readonly Judged[] {
  return members.map((member) => {
    const note = noteFor(member.container, observation.notes);
    const standing = judge(member, note);
    problems.push(...noteProblems(member, note));
    const endpoint = standing.rank === 'never' || reachable === undefined ? undefined : locate(member, reachable, addressProblems);
    const hasServed = observation.hasServed.has(member.container.id);
    return { member, note, standing, hasServed, ...defined({ endpoint }) };
  });
}

/** Ranks the owner's frontends separately, so that frontends of other projects don't change their rotation. */
function rankApart(judged: readonly Judged[], project: string | undefined): readonly Replica[] {
  const own = judged.filter(({ member }) => member.project === project);
  const others = judged.filter(({ member }) => member.project !== project);
  return [...replicasOf(own), ...replicasOf(others)].toSorted((left, right) => byNameThenId(left, right));
}

function replicasOf(judged: readonly Judged[]): readonly Replica[] {
  const serving = new Set(inRotationOf(judged));
  return judged.map((one) => {
    const { member, standing, endpoint } = one;
    const { health, backup } = member.labels;
    const parameters = serverParametersOf(member.labels);
    return {
      container: member.container,
      ...defined({ project: member.project }),
      standing,
      inRotation: serving.has(one),
      ...(endpoint === undefined ? {} : { endpoint: `${endpoint.address}:${endpoint.port}`, network: endpoint.network }),
      ...defined({ health }),
      ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
      ...(backup === true ? { isBackup: true } : {}),
    };
  });
}

function locate(member: Member, reachable: Reachable, problems: Problem[]): Judged['endpoint'] {
  const { address, problems: addressProblems } = chooseAddress(member, reachable);
  problems.push(...addressProblems);
  if (address === undefined) return undefined;
  // Last, since the engine lists ports only for a container with a network.
  const port = portOf(member);
  if (port === undefined) problems.push(noPort(member));
  return port === undefined ? undefined : { ...address, port };
}

/** Whether a running container would get requests but has no known port, in the engine's list or in its labels. */
export function hasNoPort(container: Container): boolean {
  const isListed = container.state !== 'running' || container.exposedTcpPorts.length > 0 || container.unreadable !== undefined;
  if (isListed || container.labels['meet.role'] !== 'service') return false;
  const { member } = readMember(container);
  return member !== undefined && portOf(member) === undefined;
}

function portOf({ role, container, labels }: Member): number | undefined {
  if (labels.port !== undefined) return labels.port;
  if (role === 'router') return labels.listen ?? defaultPorts.router;
  if (role !== 'service') return defaultPorts[role];
  return container.exposedTcpPorts[0] ?? labels.routes?.find((route) => route.port)?.port;
}

function notRead(container: Container, reason: string): Problem {
  const isKnown = container.labels['meet.role'] !== undefined;
  return problem('container-unreadable', {
    ...(isKnown ? { instance: likelyInstance(container) } : {}),
    container: container.name,
    message: `the engine's entry for the container is unreadable (${reason}), so ${container.hasEarlierLabels ? 'the labels read earlier still apply' : 'the container is ignored'}`,
    cure: 'remove labels, networks or ports above the limits in docs/labels.md, or check which program answers as the engine',
  });
}

function noPort({ instance, container }: Member): Problem {
  const { portsUnknown } = container;
  return problem('no-port', {
    instance,
    container: container.name,
    key: 'meet.port',
    message:
      portsUnknown === undefined
        ? 'the container exposes no TCP port and has no meet.port'
        : `the container has no meet.port, and its exposed TCP ports are unknown: ${portsUnknown}`,
    cure: 'set meet.port to the port that the container listens on',
  });
}

function noFrontendHere(instance: string, kind: 'frontend' | 'router'): Problem {
  return problem('no-frontend-here', {
    instance,
    message: `every ${kind} of this instance is on another node, so this meet-gen makes none reload`,
    cure: `set --node to the id of this node: {{.Node.ID}} in a stack file, NodeID in docker info. If no ${kind} runs here, give meet-gen the same placement as the ${kind}`,
  });
}

function noSpa(instance: string): Problem {
  return problem('no-frontend', {
    instance,
    message: 'the instance has a router but no container with meet.role=frontend, so requests for the SPA get 503',
    cure: "label the frontend with meet.role=frontend; it has to belong to the router's own compose project",
  });
}

function shareNetworks(frontends: readonly Member[]): Reachable {
  return sharedNetworks(preferRunning(frontends).map((member) => member.container));
}

function byNameThenId(left: Pick<Member, 'container'>, right: Pick<Member, 'container'>): number {
  return compareText(left.container.name, right.container.name) || compareText(left.container.id, right.container.id);
}
