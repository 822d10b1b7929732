import { frontendsHere } from '../model/in-rotation.ts';
import { EngineError } from '../source/engine-error.ts';
import type { Facts, InstanceFacts, Routing } from '../explain/facts.ts';
import { showUntrustedText } from '../model/untrusted-text.ts';
import type { Instance } from '../model/instance.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import type { Options } from '../options.ts';
import type { InstancePass, PassResult } from '../loop/pass.ts';
import { proofProblem } from '../reload/proof-problem.ts';
import type { FrontendReport } from '../reload/prover.ts';
import type { RoutingView } from '../routes/view.ts';
import type { LiveChange } from '../status/history.ts';
import { afterConnect, afterDisconnect, afterList, afterListFailure } from './engine-connection.ts';
import type { EngineConnection } from './engine-connection.ts';
import type { Records } from './records.ts';
import { describeInstance } from '../status/snapshot.ts';
import type { FrontendFacts, InstanceStatus, StatusSnapshot } from '../status/snapshot.ts';
import { unansweredLocations } from '../rollout/left-out.ts';
import { failureCure } from '../util/error-boundary.ts';
import type { PartFailure } from '../util/error-boundary.ts';
import { version } from '../util/version.ts';
import { defined } from '../util/defined.ts';
import { messageOf } from '../util/error-message.ts';

/** Turns passes, proofs and the engine's connection into problems, facts for `explain`, and the snapshot. */
export interface Knowledge {
  /** @param date the same moment by the machine's clock, for people */
  passed(result: PassResult, nowMs: number, date: Date): void;
  /** A look showed no change since the last pass. */
  confirmed(nowMs: number, date: Date): void;
  passFailed(error: unknown, date: Date): void;
  /** @returns whether the engine was not connected before */
  connected(): boolean;
  disconnected(error: unknown, date: Date): void;
  /** The published files, by instance. */
  configurations(): ReadonlyMap<string, string>;
  /** The instances of the last pass. */
  instances(): readonly Instance[];
  /** The missing part of the proof that all frontends of an instance serve the last pass's routes, in words. */
  missingProof(instance: string): string | undefined;
  /** The routing that the last pass decided for an instance. */
  view(instance: string): RoutingView | undefined;
  problems(): readonly Problem[];
  /** The facts that `explain` answers from. */
  facts(): Facts;
  snapshot(nowMs: number): StatusSnapshot;
}

/** State that concerns all instances. The state of one instance is in its record. */
interface State {
  last?: PassResult;
  lastSync?: { readonly atMs: number; readonly date: string };
  connection: EngineConnection;
}

interface Sources {
  /** The URL of the source of containers. */
  readonly place: () => string;
  readonly records: Records;
  readonly proofs: (instance: string) => readonly FrontendReport[];
  /** Problems of frontends that the engine doesn't start again. */
  readonly downProblems: (instances: readonly Instance[]) => readonly Problem[];
  /** The file that an instance's frontends refuse is about to be replaced. */
  readonly isPublishedRefused: (instance: string) => boolean;
  /** nginx is testing a candidate. */
  readonly isOnTrial: (instance: string) => boolean;
  readonly templateFailure: () => Error | undefined;
  /** The path of an instance's published file, and the problems of such files. */
  readonly fileOf: (instance: string) => string;
  readonly fileProblems: () => readonly Problem[];
  /** The parts of meet-gen that fail. Their boundary logs them. */
  readonly failures: () => readonly PartFailure[];
  /** The last changes that went live, the newest first. */
  readonly changes: () => readonly LiveChange[];
}

/** How long the loop may be silent before meet-gen is unhealthy: it turns at least once every resync. */
export function silenceLimitMs({ resyncMs }: Pick<Options, 'resyncMs'>): number {
  return 2 * resyncMs + 60_000;
}

/** The state, and where the rest is asked for. */
interface Known {
  readonly state: State;
  readonly sources: Sources;
  readonly options: Options;
}

export function createKnowledge(options: Options, sources: Sources): Knowledge {
  const { records } = sources;
  const state: State = { connection: { isConnected: false } };
  const known: Known = { state, sources, options };
  const confirmed = (nowMs: number, date: Date): void => {
    state.lastSync = { atMs: nowMs, date: date.toISOString() };
    state.connection = afterList(state.connection);
  };
  return {
    passed(result, nowMs, date) {
      state.last = result;
      confirmed(nowMs, date);
    },
    confirmed,
    passFailed(error, date) {
      state.connection = afterListFailure(state.connection, describeFailure(error), date.toISOString());
    },
    connected() {
      const isNew = !state.connection.isConnected;
      state.connection = afterConnect(state.connection);
      return isNew;
    },
    disconnected(error, date) {
      state.connection = afterDisconnect(state.connection, describeFailure(error), date.toISOString());
    },
    configurations: () =>
      new Map(
        records.all().flatMap(({ instance, published }) => (published === undefined ? [] : [[instance, published.content] as const])),
      ),
    instances: () => instancesOf(state),
    missingProof: (instance) => missingProof(known, instance),
    view: (instance) => passOf(state, instance)?.view,
    problems: () => problemsOf(known),
    facts: () => ({
      instances: instancesOf(state).map((instance) => factsAbout(known, instance)),
      problems: allProblems(known),
      only: options.instance,
      ownTemplates: options.templates !== undefined,
    }),
    snapshot: (nowMs) => snapshotOf(known, nowMs),
  };
}

function instancesOf({ last }: State): readonly Instance[] {
  return last?.instances ?? [];
}

function passOf({ last }: State, instance: string): InstancePass | undefined {
  return last?.passes.find((pass) => pass.instance.name === instance);
}

function problemsOf({ state, sources, options }: Known): readonly Problem[] {
  const ofProofs = instancesOf(state).flatMap(({ name }) => {
    // The next pass replaces the refused file and reports the refusal. A problem here would be over at once.
    const reports = sources.isPublishedRefused(name)
      ? sources.proofs(name).filter(({ phase }) => phase !== 'rejected')
      : sources.proofs(name);
    return reports.flatMap((report) => proofProblem(name, report, options.reload) ?? []);
  });
  const unknownFromError = sources.records
    .all()
    .flatMap(({ instance, published }) =>
      published !== undefined && published.target.entrance === undefined ? visitorsNotAsked(instance) : [],
    );
  const { failure } = state.connection;
  return [
    ...(failure === undefined ? [] : [engineUnreachable(failure)]),
    ...(state.last?.problems ?? []),
    ...sources.downProblems(instancesOf(state)),
    ...sources.fileProblems(),
    ...ofProofs,
    ...unknownFromError,
  ];
}

/** Also the failures of meet-gen's own parts, which are logged elsewhere. */
function allProblems(known: Known): readonly Problem[] {
  return [...problemsOf(known), ...known.sources.failures().map(partFailed)];
}

function isReady({ state, sources, options }: Known, nowMs: number): boolean {
  const { last, lastSync, connection } = state;
  const isFresh = lastSync !== undefined && nowMs - lastSync.atMs < silenceLimitMs(options);
  const areAllPublished = !(last?.problems ?? []).some((item) => item.code === 'publish-failed');
  const isAnythingPublished = sources.records.all().some(({ published }) => published !== undefined);
  const isAnythingServed = isAnythingPublished || instancesOf(state).every((instance) => frontendsHere(instance).length === 0);
  const hasTemplates = sources.templateFailure() === undefined || isAnythingPublished;
  return connection.isConnected && isFresh && areAllPublished && isAnythingServed && hasTemplates;
}

/** Whether all frontends of an instance are live with the wanted file. Without frontends there is nothing to serve. */
function isConverged(known: Known, instance: Instance): boolean {
  const { state, sources } = known;
  const { name } = instance;
  const frontends = frontendsHere(instance);
  const isWanted = passOf(state, name)?.desired === sources.records.published(name)?.target.generation && !sources.isOnTrial(name);
  return frontends.length === 0 || (isWanted && sources.proofs(name).length > 0 && missingProof(known, name) === undefined);
}

function missingProof({ state, sources }: Known, instance: string): string | undefined {
  const pass = passOf(state, instance);
  if (pass === undefined || pass.rendered.generation !== sources.records.published(instance)?.target.generation)
    return 'the routes are not published yet';
  const unproven = sources.proofs(instance).filter(({ frontend, phase }) => phase !== 'live' && !frontend.isForeign);
  return unproven.length === 0
    ? undefined
    : unproven.map(({ frontend, phase }) => `${showUntrustedText(frontend.name)} is ${phase}`).join(', ');
}

function describe(known: Known, instance: Instance): InstanceStatus {
  const { state, sources } = known;
  const { name } = instance;
  const pass = passOf(state, name);
  const published = sources.records.published(name);
  const file = sources.fileOf(name);
  return describeInstance(
    instance,
    published === undefined
      ? undefined
      : { file, generation: published.target.generation, routes: pass?.routes ?? [], ...aboutRouting(published, pass?.wanted) },
    {
      ...defined({ generation: pass?.desired }),
      isOnTrial: sources.isOnTrial(name),
      isConverged: isConverged(known, instance),
    },
    new Map(sources.proofs(name).map((report) => [report.frontend.id, factsOf(report)])),
    (containerId) => sources.records.of(name).journal.since?.entries.get(containerId)?.at,
  );
}

function factsAbout(known: Known, instance: Instance): InstanceFacts {
  const { name } = instance;
  const [published, wanted] = [known.sources.records.published(name), passOf(known.state, name)?.wanted];
  return { instance, status: describe(known, instance), ...defined({ published, wanted }) };
}

function snapshotOf(known: Known, nowMs: number): StatusSnapshot {
  const { state, sources, options } = known;
  const { connection } = state;
  const ready = isReady(known, nowMs);
  return {
    version,
    ready,
    converged: ready && instancesOf(state).every((instance) => isConverged(known, instance)),
    engine: {
      source: options.source.name,
      place: sources.place(),
      connected: connection.isConnected,
      lastSyncAt: state.lastSync?.date ?? null,
      ...defined({ error: connection.failure, failingSince: connection.failingSince }),
    },
    instances: instancesOf(state).map((instance) => describe(known, instance)),
    problems: allProblems(known),
    changes: sources.changes(),
  };
}

/** The port and hosts of the published routes, and the wanted locations that are left out. */
function aboutRouting(
  published: Routing | undefined,
  wanted: Routing | undefined,
): { entry?: { port: number; hosts: readonly string[] }; leftOut?: ReadonlySet<string> } {
  if (published === undefined) return {};
  const { listenPort, serverNames } = published.view;
  const isAsked = wanted === undefined || wanted.structure === published.structure;
  return {
    entry: { port: listenPort, hosts: serverNames },
    ...(isAsked ? {} : { leftOut: unansweredLocations(wanted.structure, published.structure) }),
  };
}

function factsOf({ phase, proof }: FrontendReport): FrontendFacts {
  const reason = proof.reloads.failure ?? proof.silent?.reason ?? (phase === 'shadowed' ? proof.mismatch?.answer : undefined);
  return {
    phase,
    ...defined({ runningGeneration: proof.running, nginxVersion: proof.nginxVersion }),
    signals: proof.reloads.count,
    ...defined({ proofReason: reason }),
  };
}

function visitorsNotAsked(instance: string): Problem {
  return problem('visitors-not-asked', {
    instance,
    message: 'the template has no location that answers on the routing port which file visitors get, so that is not proven',
    cure: 'copy the lines about /meet-gen!live- from the shipped template (routing.conf.eta) into yours',
  });
}

function partFailed({ part, text }: PartFailure): Problem {
  return problem('internal-error', {
    key: 'part',
    value: part,
    message: `${part} failed (${text}); meet-gen retries it`,
    cure: failureCure,
  });
}

function engineUnreachable(message: string): Problem {
  return problem('engine-unreachable', { message, cure: 'no request is lost: nginx serves the last good file, and meet-gen keeps trying' });
}

function describeFailure(error: unknown): string {
  if (error instanceof EngineError) return `${error.message}; ${error.cure}`;
  return messageOf(error);
}
