import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { startController } from './controller.ts';
import type { Engine } from './controller.ts';
import { EngineError } from './docker/engine-error.ts';
import { problem } from './model/problem.ts';
import type { Problem } from './model/problem.ts';
import type { Options } from './options.ts';
import type { PassResult, Sink } from './pipeline.ts';
import { publishFile } from './publish/atomic-file.ts';
import { publishedPath } from './publish/out-directory.ts';
import { proofProblem } from './reload/proof-problem.ts';
import { createProver } from './reload/prover.ts';
import type { ProverPorts } from './reload/frontend-prover.ts';
import type { FrontendReport } from './reload/prover.ts';
import type { TemplateStore } from './render/template-store.ts';
import { createReporter } from './reporter.ts';
import { describeInstance } from './status/snapshot.ts';
import type { FrontendFacts, StatusSnapshot } from './status/snapshot.ts';
import { version } from './version.ts';

/** The running whole: the loop, the proofs and what is known about them. */
export interface Sidecar {
  healthy(): boolean;
  snapshot(): StatusSnapshot;
  resync(): void;
  readonly ended: Promise<void>;
}

const localReconnectCapMs = 500;
const remoteReconnectCapMs = 5000;
const stuckAfterMs = 60_000;

/** Starts everything; it runs until the signal aborts, and no bad input ends it. */
export function startSidecar(
  engine: Engine,
  templates: TemplateStore,
  ports: ProverPorts,
  options: Options,
  log: Logger,
  signal: AbortSignal,
): Sidecar {
  const reporter = createReporter(log);
  let last: PassResult | undefined;
  let lastSyncAtMs: number | undefined;
  let connected = false;
  let engineFailure: string | undefined;
  const published = new Map<string, { generation: string; writtenAtMs: number }>();
  const proofOptions = { signals: options.reload === 'signal', verifyTimeoutMs: options.verifyTimeoutMs };

  const prover = createProver(ports, proofOptions, (instance, versionChanged) => {
    reportProof(instance);
    if (versionChanged) controller.look();
  });

  const sink: Sink = {
    versions: prover.versions,
    async publish(instance, rendered) {
      const outcome = await publishFile(publishedPath(options.out, instance, options.instance), rendered.content);
      // The same content written again repairs a file that somebody changed: a frontend may have read the changed one.
      if (published.get(instance)?.generation !== rendered.generation)
        published.set(instance, { generation: rendered.generation, writtenAtMs: outcome === 'written' ? Date.now() : 0 });
      else if (outcome === 'written') prover.recheckAll();
      return outcome === 'written';
    },
  };

  const reportProof = (instance: string): void => {
    const reports = prover.report(instance);
    const answering = reports.filter((report) => report.phase !== 'unverified');
    reporter.proven(
      instance,
      {
        frontends: reports.length,
        unverified: reports.length - answering.length,
        live: answering.every((report) => report.phase === 'live'),
        servingAtMs: maxOf(answering.flatMap((report) => report.proof.servingAtMs ?? [])),
      },
      Date.now(),
    );
    reporter.problems(allProblems());
  };

  const allProblems = (): readonly Problem[] => {
    const proofs = (last?.instances ?? []).flatMap(({ name }) =>
      prover.report(name).flatMap((report) => proofProblem(name, report, proofOptions.signals) ?? []),
    );
    return [...(engineFailure === undefined ? [] : [engineProblem(engineFailure)]), ...(last?.problems ?? []), ...proofs];
  };

  const setEngineFailure = (error: unknown): void => {
    engineFailure = error === undefined ? undefined : describeFailure(error);
    reporter.problems(allProblems());
  };

  const controller = startController(
    engine,
    templates,
    sink,
    {
      onPass(result, causedAtMs) {
        last = result;
        lastSyncAtMs = Date.now();
        engineFailure = undefined;
        for (const pass of result.passes) {
          const target = published.get(pass.instance.name);
          if (target === undefined) continue;
          reporter.published(pass, causedAtMs);
          prover.aim(pass.instance.name, target);
          reportProof(pass.instance.name);
        }
        reporter.problems(allProblems());
      },
      onPassFailed: setEngineFailure,
      onConnection(isConnected, error) {
        connected = isConnected;
        if (isConnected) log.info({ engine: options.dockerHost.url }, 'connected to the engine');
        else setEngineFailure(error);
      },
      onRestart: prover.restarted,
      onResync: prover.recheckAll,
    },
    {
      only: options.instance,
      wait: options.wait,
      resyncMs: options.resyncMs,
      reconnectCapMs: 'socketPath' in options.dockerHost ? localReconnectCapMs : remoteReconnectCapMs,
    },
    signal,
  );
  templates.watch(controller.look, signal);
  signal.addEventListener('abort', prover.stop, { once: true });

  const isReady = (): boolean => {
    const fresh = lastSyncAtMs !== undefined && Date.now() - lastSyncAtMs < 2 * options.resyncMs + stuckAfterMs;
    return (
      connected &&
      fresh &&
      !(last?.problems ?? []).some((item) => item.code === 'publish-failed') &&
      (templates.failure() === undefined || published.size > 0)
    );
  };

  return {
    healthy: () => Date.now() - controller.lastTurnAtMs() < 2 * options.resyncMs + stuckAfterMs,
    snapshot: () => {
      const reports = new Map((last?.instances ?? []).map(({ name }) => [name, prover.report(name)]));
      return {
        version,
        ready: isReady(),
        converged: isReady() && [...reports.values()].flat().every((report) => report.phase === 'live'),
        engine: {
          connected,
          lastSyncAt: lastSyncAtMs === undefined ? null : new Date(lastSyncAtMs).toISOString(),
          ...(engineFailure === undefined ? {} : { error: engineFailure }),
        },
        instances: (last?.instances ?? []).map((instance) => {
          const pass = last?.passes.find((candidate) => candidate.instance.name === instance.name);
          const target = published.get(instance.name);
          const file = publishedPath(options.out, instance.name, options.instance);
          return describeInstance(
            instance,
            target === undefined ? undefined : { file, generation: target.generation, routes: pass?.routes ?? [] },
            pass?.rendered.generation,
            new Map((reports.get(instance.name) ?? []).map((report) => [report.frontend.id, factsOf(report)])),
          );
        }),
        problems: allProblems(),
      };
    },
    resync: controller.resync,
    ended: controller.ended,
  };
}

/** Waits for the work to end, but not longer than a stop may take. */
export async function endWithin(ended: Promise<void>, limitMs: number): Promise<void> {
  await Promise.race([ended, sleep(limitMs, undefined, { ref: false })]);
}

function factsOf({ phase, proof }: FrontendReport): FrontendFacts {
  const reason = proof.signals.failure ?? proof.silent?.reason;
  return {
    phase,
    ...(proof.running === undefined ? {} : { runningGeneration: proof.running }),
    ...(proof.nginxVersion === undefined ? {} : { nginxVersion: proof.nginxVersion }),
    signals: proof.signals.count,
    ...(reason === undefined ? {} : { proofReason: reason }),
  };
}

function engineProblem(message: string): Problem {
  return problem('engine-unreachable', { message, cure: 'nothing is lost: the last good file is served, and meet-gen goes on trying' });
}

function describeFailure(error: unknown): string {
  if (error instanceof EngineError) return `${error.message}; ${error.cure}`;
  return error instanceof Error ? error.message : String(error);
}

function maxOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}
