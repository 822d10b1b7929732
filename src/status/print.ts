import type { OwnerReason } from '../model/owner.ts';
import { printProblem } from '../model/print-problem.ts';
import { indent, section, table } from '../util/text-lines.ts';
import { headlineOf, howLong, placeOf, servesOf, stateOf, whyOf } from './headline.ts';
import type { LiveChange } from './history.ts';
import { routesByService } from './route-lines.ts';
import type { EngineStatus, InstanceStatus, ReplicaStatus, StatusSnapshot } from './snapshot.ts';
import { sourceWords } from './source-words.ts';

const shownChanges = 3;
const shownLines = 5;

/** The snapshot as lines for a terminal. @param nowMs milliseconds since 1970 */
export function printStatus(snapshot: StatusSnapshot, nowMs: number): readonly string[] {
  const { version, engine, instances, problems, changes } = snapshot;
  return [
    `meet-gen ${version}: ${headlineOf(snapshot)}`,
    printEngine(engine),
    ...instances.flatMap((instance) => ['', ...printInstance(instance, sourceWords(engine.source).owner, nowMs)]),
    ...(changes.length === 0 ? [] : ['', ...section('last changes', changes.slice(0, shownChanges).flatMap(printChange))]),
    ...(problems.length === 0 ? [] : ['', ...section('problems', problems.flatMap(printProblem))]),
  ];
}

function printEngine({ source, place, connected, lastSyncAt, error, failingSince }: EngineStatus): string {
  const view =
    error ?? `${connected ? 'connected' : 'not connected yet'}${place === undefined ? '' : connected ? ` to ${place}` : ` (${place})`}`;
  const since = failingSince === undefined ? '' : `; failing since ${failingSince}`;
  return `${sourceWords(source).name}: ${view}${since}; last look ${lastSyncAt ?? 'never'}`;
}

function printChange({ at, instance, changes, why, servingMs }: LiveChange): readonly string[] {
  const took = servingMs === undefined ? ', after' : `, served ${servingMs} ms after`;
  const left = changes.length - shownLines;
  return [
    `${at} ${instance}${took} ${why.join(', ')}`,
    ...indent(changes.slice(0, shownLines)),
    ...(left > 0 ? indent([`and ${left} more`]) : []),
    ...(changes.length === 0 ? indent(['only the text of the template changed']) : []),
  ];
}

function printInstance(instance: InstanceStatus, ownerWord: string, nowMs: number): readonly string[] {
  const { name, owner, file, publishedGeneration, frontends, services } = instance;
  const published = publishedGeneration === undefined ? '' : ` (${file ?? ''}, generation ${publishedGeneration})`;
  return [
    `${name}: ${stateOf(instance)}${published}`,
    ...indent([
      ...(owner === undefined ? [] : [`belongs to the ${ownerWord} ${owner.project}: ${ownerReasons[owner.reason]}`]),
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
  option: 'set by --project',
  remembered: 'it did when meet-gen first saw it',
  name: 'both have that name',
  first: 'its frontends were seen first',
};

function ofNobody(replicas: readonly ReplicaStatus[]): string {
  return replicas.some(({ inRotation }) => inRotation) ? '' : ': no replica in rotation, so its routes answer 503';
}

function printReplica(replica: ReplicaStatus, nowMs: number): readonly string[] {
  return [
    replica.inRotation ? 'in rotation' : 'out',
    replica.container,
    placeOf(replica),
    `${whyOf(replica)}${howLong(replica.since, nowMs)}`,
  ];
}

function printRoutes(instance: InstanceStatus): readonly string[] {
  return table(
    [...routesByService(instance)].map(([service, routes]) => [
      service,
      routes.map(({ path, isLeftOut }) => (isLeftOut ? `${path} (left out)` : path)).join(' '),
    ]),
  );
}
