import { messageOf } from '../../util/error-message.ts';
import { reloadInside } from './exec.ts';
import { pendingAfterReload, refusalInLog } from './nginx-log.ts';
import { Refusal, UnsafeSignal } from './way.ts';
import type { ReloadWay, WayFrontend, WayPorts } from './way.ts';

export const signalWay: ReloadWay = {
  name: 'signal',
  meaning: 'HUP through the engine; as exec, if a HUP would end the restart policy',
  reloadedBy: 'meet-gen',
  isNotedAsStop: true,
  execs: 'unless-proxied',
  connect: ({ signalHup, signalEndsRestarts, exec, logs }) => ({
    reload: (frontend, signal) => (signalEndsRestarts() ? reloadWithoutSignal(exec, frontend, signal) : signalHup(frontend, signal)),
    inquire: logs && ((frontend, _, sinceMs, signal) => refusalInLog(logs, frontend, sinceMs, signal)),
  }),
  notSentCure: 'allow POST /containers/<frontend>/kill in the socket proxy, if one is used',
  pending: pendingAfterReload,
};

/** A lost reload costs new addresses; a signal would cost the whole frontend at its next crash. */
async function reloadWithoutSignal(exec: WayPorts['exec'], frontend: WayFrontend, signal: AbortSignal): Promise<void> {
  try {
    await reloadInside(exec, frontend, signal);
  } catch (error) {
    throw error instanceof Refusal ? error : new UnsafeSignal(messageOf(error), { cause: error });
  }
}
