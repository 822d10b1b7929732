import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { startController } from './controller.ts';
import type { Engine } from './controller.ts';
import { createKnowledge, patienceMs } from './knowledge.ts';
import type { Options } from './options.ts';
import type { PassResult, Sink } from './pipeline.ts';
import { publishFile } from './publish/atomic-file.ts';
import { publishedPath } from './publish/out-directory.ts';
import type { ProverPorts } from './reload/frontend-prover.ts';
import { createProver } from './reload/prover.ts';
import type { FrontendReport } from './reload/prover.ts';
import type { TemplateStore } from './render/template-store.ts';
import { createReporter } from './reporter.ts';
import type { InstanceProof } from './reporter.ts';
import type { StatusSnapshot } from './status/snapshot.ts';

/** The running whole: the loop, the proofs and what is known about them. */
export interface Sidecar {
  healthy(): boolean;
  snapshot(): StatusSnapshot;
  resync(): void;
  readonly ended: Promise<void>;
}

const localReconnectCapMs = 500;
const remoteReconnectCapMs = 5000;

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
  const prover = createProver(
    ports,
    { signals: options.reload === 'signal', verifyTimeoutMs: options.verifyTimeoutMs },
    (instance, versionChanged) => {
      reportProof(instance);
      reportProblems();
      if (versionChanged) controller.look();
    },
  );
  const knowledge = createKnowledge(options, { proofs: prover.report, templateFailure: templates.failure });

  const sink: Sink = {
    versions: prover.versions,
    async publish(instance, { content, generation }) {
      const written = (await publishFile(publishedPath(options.out, instance, options.instance), content)) === 'written';
      const before = knowledge.target(instance);
      const isNew = before?.generation !== generation;
      const target = isNew ? { generation, writtenAtMs: written ? Date.now() : 0 } : before;
      // The same content written again repairs a file that somebody changed: a frontend may have read the changed one.
      if (written && !isNew) prover.recheckAll();
      knowledge.published(instance, target);
      prover.aim(instance, target);
      return written;
    },
  };

  const reportProof = (instance: string): void => reporter.proven(instance, summarize(prover.report(instance)), Date.now());
  const reportProblems = (): void => reporter.problems(knowledge.problems());

  const takePass = (result: PassResult, causedAtMs: number): void => {
    const present = new Set(result.instances.map(({ name }) => name));
    knowledge.passed(result, Date.now());
    for (const holder of [knowledge, prover, reporter]) holder.retain(present);
    for (const pass of result.passes) {
      reporter.published(pass, causedAtMs);
      reportProof(pass.instance.name);
    }
    reportProblems();
  };

  const controller = startController(
    engine,
    templates,
    sink,
    {
      onPass: takePass,
      onPassFailed(error) {
        knowledge.passFailed(error);
        reportProblems();
      },
      onConnected() {
        if (!knowledge.connected()) return;
        log.info({ engine: options.dockerHost.url }, 'connected to the engine');
        // No pass need follow that would tell it.
        reportProblems();
      },
      onDisconnected(error) {
        knowledge.disconnected(error);
        reportProblems();
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
  return {
    healthy: () => Date.now() - controller.lastTurnAtMs() < patienceMs(options),
    snapshot: () => knowledge.snapshot(Date.now()),
    resync: controller.resync,
    ended: controller.ended,
  };
}

/** Waits for the work to end, but not longer than a stop may take. */
export async function endWithin(ended: Promise<void>, limitMs: number): Promise<void> {
  await Promise.race([ended, sleep(limitMs, undefined, { ref: false })]);
}

function summarize(reports: readonly FrontendReport[]): InstanceProof {
  const answering = reports.filter((report) => report.phase !== 'unverified');
  const servedAtMs = answering.flatMap((report) => report.proof.servingAtMs ?? []);
  return {
    frontends: reports.length,
    unverified: reports.length - answering.length,
    live: answering.every((report) => report.phase === 'live'),
    servingAtMs: servedAtMs.length === 0 ? undefined : Math.max(...servedAtMs),
  };
}
