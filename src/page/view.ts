import { labelOf } from '../model/print-problem.ts';
import type { Problem, Severity } from '../model/problem.ts';
import { desertedServices, headlineOf } from '../status/headline.ts';
import type { LiveChange } from '../status/history.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';
import { sourceWords } from '../status/source-words.ts';
import { latencyOf } from './latency.ts';
import type { Latency } from './latency.ts';
import { viewMeet } from './meet-view.ts';
import type { MeetView } from './meet-view.ts';
import { moodOf } from './mood.ts';
import type { Mood } from './mood.ts';
import { elementId, viewMoment } from './words.ts';
import type { Moment } from './words.ts';
import { defined, mapDefined } from '../util/defined.ts';

/** The content of the status page, in words and ready to print. */
export interface PageView {
  readonly version: string;
  readonly headline: string;
  readonly mood: Mood;
  /** The source of containers, and whether the source answers. */
  readonly source: string;
  readonly engine: string;
  readonly failingSince?: Moment;
  readonly lookedAt?: Moment;
  readonly problems: readonly ProblemView[];
  readonly meets: readonly MeetView[];
  readonly changes: readonly ChangeView[];
  /** Absent until a change was caused by an event. */
  readonly latency?: Latency;
}

interface ProblemView {
  readonly id: string;
  readonly severity: Severity;
  readonly code: string;
  /** The container and the label that have the problem. */
  readonly about: readonly string[];
  readonly message: string;
  readonly cure: string;
}

interface ChangeView {
  readonly id: string;
  readonly at: Moment;
  readonly instance: string;
  readonly why: string;
  readonly took: string;
  readonly lines: readonly string[];
  /** Replicas that entered or left the rotation, and why. */
  readonly containers: readonly string[];
  readonly diff?: readonly DiffLine[];
}

interface DiffLine {
  readonly kind: 'add' | 'del' | 'same';
  readonly text: string;
}

const mostDiffLines = 80;

/** The content of each instance's published file, by instance. */
export type Configurations = ReadonlyMap<string, string>;

/** Snapshot → content of the page. @param nowMs milliseconds since 1970 */
export function viewPage(snapshot: StatusSnapshot, configurations: Configurations, nowMs: number): PageView {
  const { version, engine, instances, problems, changes } = snapshot;
  const latency = latencyOf(changes);
  return {
    version,
    headline: headlineOf(snapshot),
    mood: moodOf(snapshot),
    source: sourceWords(engine.source).title,
    engine: engine.error ?? (engine.connected ? 'connected' : 'not connected yet'),
    ...defined({ failingSince: mapDefined(engine.failingSince, (since) => viewMoment(since, nowMs)) }),
    ...(engine.lastSyncAt === null ? {} : { lookedAt: viewMoment(engine.lastSyncAt, nowMs) }),
    problems: problems.map(viewProblem),
    meets: instances.map((instance) =>
      viewMeet(instance, desertedServices(problems, instance.name), configurations.get(instance.name), nowMs),
    ),
    changes: changes.map((change) => viewChange(change, nowMs)),
    ...defined({ latency }),
  };
}

function viewProblem({ severity, code, instance, container, key, value, message, cure }: Problem, index: number): ProblemView {
  return {
    id: elementId('problem', code, instance ?? '', container ?? '', key ?? '', String(index)),
    severity,
    code,
    about: [container ?? instance, labelOf({ key, value, message })].filter((part) => part !== undefined),
    message,
    cure,
  };
}

function viewChange(change: LiveChange, nowMs: number): ChangeView {
  const { instance, at, generation, changes, containers = [], why, servingMs, liveMs, diff } = change;
  const later = liveMs === undefined ? '' : `, live after ${liveMs} ms`;
  return {
    id: elementId('change', instance, generation, at),
    at: viewMoment(at, nowMs),
    instance,
    why: why.join(', '),
    took: servingMs === undefined ? '' : `serving after ${servingMs} ms${later}`,
    lines: changes.length === 0 ? ['only the text of the template changed'] : changes,
    containers,
    ...defined({ diff: mapDefined(diff, viewDiff) }),
  };
}

/** Fifty whole differences would be too much for a page. */
function viewDiff(diff: string): readonly DiffLine[] {
  const lines = diff.trimEnd().split('\n');
  const left = lines.length - mostDiffLines;
  const shown = lines.slice(0, mostDiffLines).map((text): DiffLine => ({ kind: kindOf(text), text }));
  return left > 0 ? [...shown, { kind: 'same', text: `and ${left} more lines: meet-gen status --json has them` }] : shown;
}

function kindOf(line: string): DiffLine['kind'] {
  if (/^(?:---|\+\+\+) /.test(line)) return 'same';
  if (line.startsWith('+')) return 'add';
  return line.startsWith('-') ? 'del' : 'same';
}
