import type { OwnerReason } from '../model/owner.ts';
import { printProblem } from '../model/print-problem.ts';
import { indent, section, table } from '../util/text-lines.ts';
import { headlineOf, howLong, placeOf, servesOf, stateOf, whyOf } from './headline.ts';
import type { LiveChange } from './history.ts';
import { routesByService } from './route-lines.ts';
import type { InstanceStatus, ReplicaStatus, StatusSnapshot } from './snapshot.ts';

const shownChanges = 3;
const shownLines = 5;

/** The whole view as lines for a terminal; `nowMs` in milliseconds since 1970. */
export function printStatus(snapshot: StatusSnapshot, nowMs: number): readonly string[] {
  const { version, engine, instances, problems, changes } = snapshot;
  return [
    `meet-gen ${version}: ${headlineOf(snapshot)}`,
    `engine: ${engine.error ?? (engine.connected ? 'connected' : 'not connected yet')}; looked at last ${engine.lastSyncAt ?? 'never'}`,
    ...instances.flatMap((instance) => ['', ...printInstance(instance, nowMs)]),
    ...(changes.length === 0 ? [] : ['', ...section('last changes', changes.slice(0, shownChanges).flatMap(printChange))]),
    ...(problems.length === 0 ? [] : ['', ...section('problems', problems.flatMap(printProblem))]),
  ];
}

function printChange({ at, instance, changes, why, servingMs }: LiveChange): readonly string[] {
  const took = servingMs === undefined ? ', after' : `, served ${servingMs} ms after`;
  const left = changes.length - shownLines;
  return [
    `${at} ${instance}${took} ${why.join(', ')}`,
    ...indent(changes.slice(0, shownLines)),
    ...(left > 0 ? indent([`and ${left} more`]) : []),
    ...(changes.length === 0 ? indent(['the wording of the template alone']) : []),
  ];
}

function printInstance(instance: InstanceStatus, nowMs: number): readonly string[] {
  const { name, owner, file, publishedGeneration, frontends, services } = instance;
  const published = publishedGeneration === undefined ? '' : ` (${file ?? ''}, generation ${publishedGeneration})`;
  return [
    `${name}: ${stateOf(instance)}${published}`,
    ...indent([
      ...(owner === undefined ? [] : [`belongs to the compose project ${owner.project}: ${ownerReasons[owner.reason]}`]),
      ...section(
        'frontends',
        table(frontends.map((frontend) => [frontend.container, whyOf(frontend), servesOf(frontend, publishedGeneration)])),
      ),
      ...services.flatMap(({ service, replicas }) =>
        section(`${service}${ofNobody(replicas)}`, table(replicas.map((replica) => printReplica(replica, nowMs)))),
      ),
      ...section('routes', printRoutes(instance)),
    ]),
  ];
}

const ownerReasons: Readonly<Record<OwnerReason, string>> = {
  option: '--project says so',
  remembered: 'it did when it was first seen',
  name: 'it has that name',
  first: 'its frontends are the first that were seen',
};

function ofNobody(replicas: readonly ReplicaStatus[]): string {
  return replicas.some(({ inRotation }) => inRotation) ? '' : ': nobody in rotation, so its routes answer 503';
}

function printReplica(replica: ReplicaStatus, nowMs: number): readonly string[] {
  return [
    replica.inRotation ? 'in rotation' : 'out',
    replica.container,
    placeOf(replica),
    `${whyOf(replica)}${howLong(replica.since, nowMs)}`,
  ];
}

/** A line for each service. */
function printRoutes(instance: InstanceStatus): readonly string[] {
  return table(
    [...routesByService(instance)].map(([service, routes]) => [
      service,
      routes.map(({ path, isLeftOut }) => (isLeftOut ? `${path} (left out)` : path)).join(' '),
    ]),
  );
}
