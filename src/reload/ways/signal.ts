import { pendingAfterReload, refusalInLog } from './nginx-log.ts';
import type { ReloadWay } from './way.ts';

export const signalWay: ReloadWay = {
  name: 'signal',
  meaning: 'HUP through the engine',
  reloadedBy: 'meet-gen',
  isNotedAsStop: true,
  execs: 'unless-proxied',
  connect: ({ signalHup, logs }) => ({
    reload: signalHup,
    inquire: logs && ((frontend, _, sinceMs, signal) => refusalInLog(logs, frontend, sinceMs, signal)),
  }),
  notSentCure: 'allow POST /containers/<frontend>/kill where a socket proxy stands in between',
  pending: pendingAfterReload,
};
