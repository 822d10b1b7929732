import { createHash } from 'node:crypto';
import type { ErrorBoundary } from '../util/error-boundary.ts';
import { nowMs } from '../util/clock.ts';
import type { Knowledge } from './knowledge.ts';
import type { Sink } from '../loop/pass.ts';
import type { Publisher } from '../publish/publisher.ts';
import type { ReloadEconomy } from '../reload/reload-economy.ts';
import type { Target } from '../reload/proof.ts';
import type { Prover } from '../reload/prover.ts';
import { entrancePath } from '../reload/visitor-probe.ts';
import type { Chosen } from '../rollout/trial-types.ts';
import type { Trials } from '../rollout/trials.ts';

/** Publishes the file of each instance, and aims the proofs of its frontends at it. */
export function createSink(
  publisher: Publisher,
  knowledge: Knowledge,
  prover: Prover,
  trials: Trials,
  economy: ReloadEconomy,
  boundary: Pick<ErrorBoundary, 'attempt'>,
  onRollback: () => void,
): Sink {
  return {
    versions: prover.versions,
    attempt: (instance, work) => boundary.attempt(`the pass of ${instance}`, work),
    async publish(instance, chosen, isRollback) {
      const { content, generation } = chosen.rendered;
      const before = knowledge.target(instance);
      const isNew = before?.generation !== generation;
      const heldBackMs = isNew && !isRollback ? economy.waitMs(instance, chosen.view, nowMs()) : 0;
      if (heldBackMs > 0) return { heldBackMs };
      const published = await publisher.publish(instance, content);
      economy.published(instance, chosen.view, isNew && published === 'written', nowMs());
      if (isRollback && published === 'written') onRollback();
      const target = isNew ? targetOf(chosen, published === 'written' ? nowMs() : 0) : before;
      // The same content written again repairs a file that somebody changed: a frontend may have read the changed one.
      if (published === 'written' && !isNew) prover.recheckAll();
      trials.published(instance, chosen);
      knowledge.published(instance, target, { view: chosen.view, structure: chosen.edition.structure }, content);
      prover.aim(instance, target);
      return published;
    },
    async withdraw(instance) {
      // First, so that nobody is told to read that there is nothing.
      prover.disarm(instance);
      await publisher.withdraw(instance);
      knowledge.withdrawn(instance);
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
