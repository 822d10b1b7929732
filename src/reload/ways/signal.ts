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
  notSentCure: 'allow POST /containers/<frontend>/kill in the socket proxy, if one is used',
  pending: pendingAfterReload,
};
