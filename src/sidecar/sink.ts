import { createHash } from 'node:crypto';
import type { ErrorBoundary } from '../util/error-boundary.ts';
import { nowMs } from '../util/clock.ts';
import type { Sink } from '../loop/pass.ts';
import type { Publisher } from '../publish/publisher.ts';
import type { Target } from '../reload/proof.ts';
import type { Prover } from '../reload/prover.ts';
import { fullAfterReload, throttledForMs, isExempt } from '../reload/throttle.ts';
import { entrancePath } from '../reload/visitor-probe.ts';
import type { Chosen } from '../rollout/trial-types.ts';
import type { Trials } from '../rollout/trials.ts';
import type { Records } from './records.ts';

/** Publishes the file of each instance, and starts the proof that the frontends serve this file. */
export function createSink(
  publisher: Publisher,
  records: Records,
  prover: Prover,
  trials: Trials,
  boundary: Pick<ErrorBoundary, 'attempt'>,
  onRollback: () => void,
): Sink {
  return {
    versions: prover.versions,
    attempt: (instance, work) => boundary.attempt(`the pass of ${instance}`, work),
    async publish(instance, chosen, isRollback) {
      const { rendered, view, edition } = chosen;
      const record = records.of(instance);
      const before = record.published;
      const isNew = before?.target.generation !== rendered.generation;
      const isFree = before === undefined || isRollback || isExempt(before.view, view);
      const throttledMs = isNew && !isFree ? throttledForMs(record.reloadsFullAtMs, nowMs()) : 0;
      if (throttledMs > 0) return { throttledMs };
      const published = await publisher.publish(record, rendered.content);
      const isWritten = published === 'written';
      if (isNew && isWritten && !isExempt(before?.view, view)) record.reloadsFullAtMs = fullAfterReload(record.reloadsFullAtMs, nowMs());
      if (isRollback && isWritten) onRollback();
      const target = isNew ? targetOf(chosen, isWritten ? nowMs() : 0) : before.target;
      // The same content was written again because the file had been changed: a frontend may have read the changed file.
      if (isWritten && !isNew) prover.recheckAll();
      trials.published(instance, chosen);
      record.published = { target, view, structure: edition.structure, content: rendered.content };
      prover.aim(instance, target);
      return published;
    },
    async withdraw(instance) {
      const record = records.of(instance);
      // First, so that no frontend is reloaded because the file is missing.
      record.published = undefined;
      prover.disarm(instance);
      await publisher.withdraw(record);
      trials.withdrawn(instance);
    },
  };
}

function targetOf({ rendered: { content, generation }, view }: Chosen, writtenAtMs: number): Target {
  const path = entrancePath(generation);
  const hasEntrance = content.includes(`location = ${path} {`);
  const entrance = { port: view.listenPort, hosts: view.serverNames, path };
  return { generation, sha256: sha256Of(content), writtenAtMs, ...(hasEntrance ? { entrance } : {}) };
}

function sha256Of(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
