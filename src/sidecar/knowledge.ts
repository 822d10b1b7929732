import { EngineError } from '../source/engine-error.ts';
import type { Facts, InstanceFacts, Routing } from '../explain/facts.ts';
import { showForeignText } from '../model/foreign-text.ts';
import type { Instance } from '../model/instance.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import type { Options } from '../options.ts';
import type { InstancePass, PassResult } from '../loop/pass.ts';
import type { Target } from '../reload/proof.ts';
import { proofProblem } from '../reload/proof-problem.ts';
import type { FrontendReport } from '../reload/prover.ts';
import type { RoutingView } from '../routes/view.ts';
import type { LiveChange } from '../status/history.ts';
import { createSinceBook } from './since.ts';
import { describeInstance } from '../status/snapshot.ts';
import type { FrontendFacts, InstanceStatus, StatusSnapshot } from '../status/snapshot.ts';
import { unansweredLocations } from '../rollout/left-out.ts';
import { failureCure } from '../util/error-boundary.ts';
import type { PartFailure } from '../util/error-boundary.ts';
import { version } from '../util/version.ts';
import { defined } from '../util/defined.ts';
import { messageOf } from '../util/error-message.ts';

/** Everything that is known while the sidecar runs: what the last pass said, what was published, how the engine is. */
export interface Knowledge {
  /** @param date the same moment by the machine's clock, for people */
  passed(result: PassResult, nowMs: number, date: Date): void;
  /** The engine was asked, and what the last pass said holds. */
  confirmed(nowMs: number, date: Date): void;
  /** Forgets all instances but these. */
  retain(instances: ReadonlySet<string>): void;
  passFailed(error: unknown): void;
  /** @returns whether it was not connected before */
  connected(): boolean;
  disconnected(error: unknown): void;
  /**
   * @param routing what the published file says
   * @param content its text
   */
  published(instance: string, target: Target, routing: Routing, content: string): void;
  withdrawn(instance: string): void;
  /** The published files, by instance. */
  configurations(): ReadonlyMap<string, string>;
  /** What was published last for an instance. */
  target(instance: string): Target | undefined;
  /** The instances of the last pass. */
  instances(): readonly Instance[];
  /** Undefined once all frontends of an instance are proven to serve what the last pass decided, else what is missing. */
  whatIsUnproven(instance: string): string | undefined;
  /** The routing that the last pass decided for an instance. */
  view(instance: string): RoutingView | undefined;
  problems(): readonly Problem[];
  /** What an explanation of a path is made from. */
  facts(): Facts;
  snapshot(nowMs: number): StatusSnapshot;
}

interface Sources {
  readonly proofs: (instance: string) => readonly FrontendReport[];
  /** What an instance's frontends refuse is about to be replaced. */
  readonly givesWay: (instance: string) => boolean;
  /** nginx is being asked about a candidate. */
  readonly isOnTrial: (instance: string) => boolean;
  readonly templateFailure: () => Error | undefined;
  /** Where the file of an instance is published, and what is wrong with such files. */
  readonly fileOf: (instance: string) => string;
  readonly fileProblems: () => readonly Problem[];
  /** The parts of meet-gen that fail, which the log tells by itself. */
  readonly failures: () => readonly PartFailure[];
  /** The last that went live, the newest first. */
  readonly changes: () => readonly LiveChange[];
}

/** How long nothing may have been heard of a loop that turns at least once every resync, before something is wrong. */
export function patienceMs({ resyncMs }: Pick<Options, 'resyncMs'>): number {
  return 2 * resyncMs + 60_000;
}

export function createKnowledge(options: Options, sources: Sources): Knowledge {
  const targets = new Map<string, Target>();
  const routings = new Map<string, Routing>();
  const contents = new Map<string, string>();
  const since = createSinceBook();
  let last: PassResult | undefined;
  let lastSync: { readonly atMs: number; readonly date: string } | undefined;
  let isConnected = false;
  // Two ways to the engine that can fail one without the other; each keeps its first reason until it works again.
  let listFailure: string | undefined;
  let streamFailure: string | undefined;
  // Whichever failed first is told, and is no news in other words while the second way is not tried again.
  let failure: string | undefined;

  const instances = (): PassResult['instances'] => last?.instances ?? [];

  const problems = (): readonly Problem[] => {
    const ofProofs = instances().flatMap(({ name }) => {
      // The pass that replaces it tells what was refused; before, a problem would be told that it takes back at once.
      const reports = sources.givesWay(name) ? sources.proofs(name).filter(({ phase }) => phase !== 'rejected') : sources.proofs(name);
      return reports.flatMap((report) => proofProblem(name, report, options.reload) ?? []);
    });
    const unasked = [...targets].flatMap(([instance, { entrance }]) => (entrance === undefined ? visitorsNotAsked(instance) : []));
    return [
      ...(failure === undefined ? [] : [engineUnreachable(failure)]),
      ...(last?.problems ?? []),
      ...sources.fileProblems(),
      ...ofProofs,
      ...unasked,
    ];
  };

  const confirmed = (nowMs: number, date: Date): void => {
    lastSync = { atMs: nowMs, date: date.toISOString() };
    listFailure = undefined;
    if (streamFailure === undefined) failure = undefined;
  };

  const isReady = (nowMs: number): boolean => {
    const fresh = lastSync !== undefined && nowMs - lastSync.atMs < patienceMs(options);
    const allPublished = !(last?.problems ?? []).some((item) => item.code === 'publish-failed');
    const isAnythingServed = targets.size > 0 || instances().every(({ frontends }) => frontends.length === 0);
    return isConnected && fresh && allPublished && isAnythingServed && (sources.templateFailure() === undefined || targets.size > 0);
  };

  /** Its frontends run and are proven to serve what was published; an instance without frontends has nothing to serve. */
  const isConverged = ({ name, frontends }: PassResult['instances'][number]): boolean => {
    const isWanted = passOf(name)?.desired === targets.get(name)?.generation && !sources.isOnTrial(name);
    return frontends.length === 0 || (isWanted && sources.proofs(name).length > 0 && whatIsUnproven(name) === undefined);
  };

  const passOf = (instance: string): InstancePass | undefined => last?.passes.find((pass) => pass.instance.name === instance);

  const whatIsUnproven = (instance: string): string | undefined => {
    const pass = passOf(instance);
    if (pass === undefined || pass.rendered.generation !== targets.get(instance)?.generation) return 'the routes are not published yet';
    const unproven = sources.proofs(instance).filter(({ frontend, phase }) => phase !== 'live' && !frontend.isForeign);
    return unproven.length === 0
      ? undefined
      : unproven.map(({ frontend, phase }) => `${showForeignText(frontend.name)} is ${phase}`).join(', ');
  };

  const describe = (instance: PassResult['instances'][number]): InstanceStatus => {
    const pass = passOf(instance.name);
    const target = targets.get(instance.name);
    const file = sources.fileOf(instance.name);
    return describeInstance(
      instance,
      target === undefined
        ? undefined
        : { file, generation: target.generation, routes: pass?.routes ?? [], ...aboutRouting(routings.get(instance.name), pass?.wanted) },
      {
        ...(pass === undefined ? {} : { generation: pass.desired }),
        isOnTrial: sources.isOnTrial(instance.name),
        isConverged: isConverged(instance),
      },
      new Map(sources.proofs(instance.name).map((report) => [report.frontend.id, factsOf(report)])),
      since.of,
    );
  };

  const factsAbout = (instance: PassResult['instances'][number]): InstanceFacts => {
    const [published, wanted] = [routings.get(instance.name), passOf(instance.name)?.wanted];
    return {
      instance,
      status: describe(instance),
      ...defined({ published, wanted }),
    };
  };

  return {
    passed(result, nowMs, date) {
      last = result;
      since.note(result.instances, date);
      confirmed(nowMs, date);
    },
    confirmed,
    retain(present) {
      for (const map of [targets, routings, contents]) for (const name of map.keys()) if (!present.has(name)) map.delete(name);
    },
    passFailed(error) {
      listFailure ??= describeFailure(error);
      if (streamFailure === undefined) failure = listFailure;
    },
    connected() {
      const isNew = !isConnected;
      isConnected = true;
      streamFailure = undefined;
      if (listFailure === undefined) failure = undefined;
      return isNew;
    },
    disconnected(error) {
      isConnected = false;
      streamFailure ??= describeFailure(error);
      if (listFailure === undefined) failure = streamFailure;
    },
    published(instance, target, routing, content) {
      targets.set(instance, target);
      routings.set(instance, routing);
      contents.set(instance, content);
    },
    withdrawn(instance) {
      for (const map of [targets, routings, contents]) map.delete(instance);
    },
    configurations: () => contents,
    target: (instance) => targets.get(instance),
    instances,
    whatIsUnproven,
    view: (instance) => passOf(instance)?.view,
    problems,
    facts: () => ({
      instances: instances().map(factsAbout),
      problems: [...problems(), ...sources.failures().map(partFailed)],
      only: options.instance,
      ownTemplates: options.templates !== undefined,
    }),
    snapshot(nowMs) {
      const ready = isReady(nowMs);
      return {
        version,
        ready,
        converged: ready && instances().every(isConverged),
        engine: {
          connected: isConnected,
          lastSyncAt: lastSync?.date ?? null,
          ...defined({ error: failure }),
        },
        instances: instances().map(describe),
        problems: [...problems(), ...sources.failures().map(partFailed)],
        changes: sources.changes(),
      };
    },
  };
}

/** Where requests are to come to what is published, and what of the wanted isn't in it. */
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
  const reason = proof.signals.failure ?? proof.silent?.reason ?? (phase === 'shadowed' ? proof.missed?.answer : undefined);
  return {
    phase,
    ...defined({ runningGeneration: proof.running, nginxVersion: proof.nginxVersion }),
    signals: proof.signals.count,
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
  return problem('internal-error', { key: 'part', value: part, message: `${part} failed (${text}); it is retried`, cure: failureCure });
}

function engineUnreachable(message: string): Problem {
  return problem('engine-unreachable', { message, cure: 'nothing is lost: the last good file is served, and meet-gen goes on trying' });
}

function describeFailure(error: unknown): string {
  if (error instanceof EngineError) return `${error.message}; ${error.cure}`;
  return messageOf(error);
}
