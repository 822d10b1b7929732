import { refusalIn } from '../../nginx/refusals.ts';
import { refusalInLog } from './nginx-log.ts';
import type { Inquire, ReloadWay, WayPorts } from './way.ts';

export const hookWay: ReloadWay = {
  name: 'hook',
  meaning: 'a script in the frontend does it (meet-gen hook)',
  reloadedBy: 'frontend',
  isNotedAsStop: false,
  execs: 'never',
  connect: (ports) => ({ inquire: askHook(ports) }),
  pending: (served) => ({
    message: `the frontend still serves ${served}, and its hook gives no reason`,
    cure: 'check that the hook runs in the frontend: the script of `meet-gen hook`, executable, in /docker-entrypoint.d, with entrypoint: [/docker-entrypoint.sh]; the stub must include the files that the hook has tested',
  }),
};

/** The hook reports nginx's words about its test. Only the log has nginx's words about a reload. */
function askHook({ askRejected, logs }: WayPorts): Inquire {
  return async (frontend, { sha256, writtenAtMs }, _, signal) => {
    const found = await askRejected(frontend.statusEndpoints, sha256, signal);
    if (found.kind !== 'refused' || logs === undefined || refusalIn(found.words) !== undefined) return found;
    const logged = await refusalInLog(logs, frontend, writtenAtMs, signal);
    return logged.kind === 'refused' ? logged : found;
  };
}
