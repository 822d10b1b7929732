import { refusalIn } from '../../nginx/refusals.ts';
import { pendingAfterReload, refusalInLog } from './nginx-log.ts';
import { Refusal } from './way.ts';
import type { ReloadWay, WayFrontend, WayPorts } from './way.ts';

const reloadCommand = ['sh', '-c', 'nginx -t 2>&1 && nginx -s reload 2>&1'];
const reloadLimitMs = 5000;

export const execWay: ReloadWay = {
  name: 'exec',
  meaning: 'nginx -t and nginx -s reload inside',
  reloadedBy: 'meet-gen',
  isNotedAsStop: false,
  execs: 'always',
  connect: ({ exec, logs }) => ({
    reload: (frontend, signal) => reloadInside(exec, frontend, signal),
    inquire: logs && ((frontend, _, sinceMs, signal) => refusalInLog(logs, frontend, sinceMs, signal)),
  }),
  notSentCure:
    'allow POST /containers/<frontend>/exec and POST /exec/<id>/start in the socket proxy, if one is used; or use --reload signal',
  pending: pendingAfterReload,
};

/** Tests the configuration and reloads nginx by a command in the frontend. @throws Refusal */
export async function reloadInside(exec: WayPorts['exec'], frontend: WayFrontend, signal: AbortSignal): Promise<void> {
  const { code, output } = await exec(frontend, reloadCommand, reloadLimitMs, signal);
  if (code === 0) return;
  const words = refusalIn(output);
  throw words !== undefined ? new Refusal(words) : new Error(`nginx -s reload ended with ${code}: ${output.trim()}`);
}
