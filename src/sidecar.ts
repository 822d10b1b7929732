import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { nowMs } from './clock.ts';
import { startController } from './controller.ts';
import type { Engine } from './controller.ts';
import { createKnowledge, patienceMs } from './knowledge.ts';
import { createDrainControl } from './drain/drain-control.ts';
import type { Drains } from './drain/drains.ts';
import type { Container, Note } from './model/container.ts';
import { mergeNotes } from './model/notes.ts';
import type { Options } from './options.ts';
import type { PassResult, Sink } from './pipeline.ts';
import type { Publisher } from './publish/publisher.ts';
import type { ProverPorts } from './reload/frontend-prover.ts';
import { probeOnce } from './probe/probe.ts';
import { createProber } from './probe/prober.ts';
import { probeTargets } from './probe/probe-targets.ts';
import { createReloadEconomy } from './reload-economy.ts';
import { createProver } from './reload/prover.ts';
import type { FrontendReport } from './reload/prover.ts';
import type { TemplateStore } from './render/template-store.ts';
import { createReporter } from './reporter.ts';
import { keepaliveMinTimeoutMs } from './routes/routing-view.ts';
import type { InstanceProof } from './reporter.ts';
import type { OperatorDesk } from './status/server.ts';
import type { StatusSnapshot } from './status/snapshot.ts';

/** The running whole: the loop, the proofs and what is known about them. */
export interface Sidecar {
  healthy(): boolean;
  snapshot(): StatusSnapshot;
  readonly desk: OperatorDesk;
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
  publisher: Publisher,
  drains: Drains,
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
      if (versionChanged) controller.lookOnce();
    },
  );
  const knowledge = createKnowledge(options, {
    proofs: prover.report,
    templateFailure: templates.failure,
    fileOf: publisher.fileOf,
    fileProblems: publisher.problems,
  });

  const prober = createProber(probeOnce, () => controller.lookOnce());
  const economy = createReloadEconomy();

  const sink: Sink = {
    versions: prover.versions,
    async publish(instance, { content, generation }, view) {
      const before = knowledge.target(instance);
      const isNew = before?.generation !== generation;
      const heldBackMs = isNew ? economy.waitMs(instance, view, nowMs()) : 0;
      if (heldBackMs > 0) return { heldBackMs };
      const published = await publisher.publish(instance, content);
      economy.published(instance, view, isNew && published === 'written', nowMs());
      const target = isNew ? { generation, writtenAtMs: published === 'written' ? nowMs() : 0 } : before;
      // The same content written again repairs a file that somebody changed: a frontend may have read the changed one.
      if (published === 'written' && !isNew) prover.recheckAll();
      knowledge.published(instance, target);
      prover.aim(instance, target);
      return published;
    },
  };

  const reportProof = (instance: string): void => reporter.proven(instance, summarize(prover.report(instance)), nowMs());
  const probeNotes = (containers: readonly Container[]): ReadonlyMap<string, Note> =>
    new Map(
      containers.flatMap(({ id }) => {
        const probe = prober.verdict(id);
        return probe === undefined ? [] : [[id, { probe }] as const];
      }),
    );
  const reportProblems = (): void => reporter.problems(knowledge.problems());

  const takePass = (result: PassResult, causedAtMs: number): void => {
    const present = new Set(result.instances.map(({ name }) => name));
    knowledge.passed(result, nowMs(), new Date());
    for (const holder of [knowledge, prover, reporter, economy, publisher]) holder.retain(present);
    prober.aim(result.instances.flatMap(probeTargets));
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
      notesFor: (containers) => mergeNotes(drains.notesFor(containers), probeNotes(containers)),
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
      onRestart(containerId, atMs) {
        prover.restarted(containerId);
        prober.restarted(containerId);
        drains.restarted(containerId, atMs);
      },
      onResync: prover.recheckAll,
    },
    {
      choice: { only: options.instance, strict: options.strictInstance },
      wait: options.wait,
      resyncMs: options.resyncMs,
      reconnectCapMs: 'socketPath' in options.dockerHost ? localReconnectCapMs : remoteReconnectCapMs,
    },
    signal,
  );
  templates.watch(controller.look, signal);
  const drainControl = createDrainControl(drains, {
    instances: knowledge.instances,
    whatIsUnproven: knowledge.whatIsUnproven,
    // Where nginx doesn't know keepalive_min_timeout, it closes idle connections at the reload.
    lingerMs: (instance) => (knowledge.view(instance)?.keepaliveMinTimeout === undefined ? 0 : keepaliveMinTimeoutMs),
    look: () => controller.lookOnce(),
    nowMs,
  });
  signal.addEventListener('abort', prover.stop, { once: true });
  signal.addEventListener('abort', prober.stop, { once: true });
  return {
    healthy: () => nowMs() - controller.lastTurnAtMs() < patienceMs(options),
    snapshot: () => knowledge.snapshot(nowMs()),
    desk: { drain: drainControl.drain, cancelDrain: drainControl.cancel },
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
