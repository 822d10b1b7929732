import type { CheckPorts } from '../rollout/candidate-check.ts';
import type { EngineClient } from '../source/docker/client.ts';
import { EngineError } from '../source/engine-error.ts';
import type { Options } from '../options.ts';
import { Refusal } from '../reload/frontend-prover.ts';
import type { Frontend, ProverPorts } from '../reload/frontend-prover.ts';
import type { InquiryAnswer, Target } from '../reload/proof.ts';
import { rivalInDump, rivalInLog } from '../reload/rival.ts';
import { askRejected } from '../reload/rejected-probe.ts';
import { refusalIn } from '../nginx/words.ts';
import type { TrialFrontend } from '../rollout/trial-types.ts';

/** What is done to a frontend, and how it is asked why, by the way that was chosen (`--reload`, `--check`). */
export type FrontendAccess = Pick<ProverPorts, 'reload' | 'inquire' | 'findRival'> & Pick<CheckPorts, 'exec'>;

const reloadCommand = ['sh', '-c', 'nginx -t 2>&1 && nginx -s reload 2>&1'];
const reloadLimitMs = 5000;
const rejectedTimeoutMs = 1000;
/** What a proxy answers to calls that it doesn't let through, and an engine to ones that it doesn't know. */
const denials: ReadonlySet<number> = new Set([401, 403, 405, 501]);

export function createFrontendAccess(engine: EngineClient, options: Pick<Options, 'reload' | 'check' | 'dockerHost'>): FrontendAccess {
  return {
    findRival: (frontend, port, signal) => findRival(engine, options, frontend, port, signal),
    reload: options.reload === 'exec' ? (frontend, signal) => reloadInside(engine, frontend, signal) : engine.signalHup,
    inquire:
      options.reload === 'hook'
        ? (frontend, target, _, signal) => askHook(engine, options.check !== 'off', frontend, target, signal)
        : (frontend, _, sinceMs, signal) => readLog(engine, frontend, sinceMs, signal),
    exec: (frontend, command, limitMs, signal) =>
      engine.exec(frontend, command, limitMs, signal).catch((error: unknown) => {
        throw Object.assign(error instanceof Error ? error : new Error(String(error)), { denied: isDenied(error) });
      }),
  };
}

/** Whether exec may be tried without being told to: a proxy in between would note each refused call. */
export function mayExec({ check, reload, dockerHost }: Pick<Options, 'check' | 'reload' | 'dockerHost'>): boolean {
  if (check !== 'auto') return check === 'exec';
  if (reload === 'exec') return true;
  return reload === 'signal' && ('socketPath' in dockerHost || dockerHost.tls !== undefined);
}

async function reloadInside(engine: EngineClient, frontend: TrialFrontend, signal: AbortSignal): Promise<void> {
  const { code, output } = await engine.exec(frontend, reloadCommand, reloadLimitMs, signal);
  if (code === 0) return;
  const words = refusalIn(output);
  throw words !== undefined ? new Refusal(words) : new Error(`nginx -s reload ended with ${code}: ${output.trim()}`);
}

/** `nginx -T` prints every file that nginx reads; where no command may be run, its log tells of servers that have the same name. */
async function findRival(
  engine: EngineClient,
  options: Pick<Options, 'reload' | 'check' | 'dockerHost'>,
  frontend: Frontend,
  port: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const dumped = mayExec(options) ? await engine.exec(frontend, ['nginx', '-T'], reloadLimitMs, signal).catch(() => undefined) : undefined;
  const found = dumped === undefined ? undefined : rivalInDump(dumped.output, port);
  if (found !== undefined || options.check === 'off') return found;
  return rivalInLog(await engine.logs(frontend, 0, signal), port);
}

/** The hook knows what nginx says in its test; what it says to a reload is in its log alone. */
async function askHook(
  engine: EngineClient,
  mayReadLog: boolean,
  frontend: Frontend,
  { sha256, writtenAtMs }: Target,
  signal: AbortSignal,
): Promise<InquiryAnswer> {
  const found = await askRejected(frontend.statusEndpoints, sha256, rejectedTimeoutMs, signal);
  if (found.kind !== 'refused' || !mayReadLog || refusalIn(found.words) !== undefined) return found;
  const logged = await readLog(engine, frontend, writtenAtMs, signal);
  return logged.kind === 'refused' ? logged : found;
}

/** nginx writes there why it goes on with the older configuration (nginx documentation, "Controlling nginx"). */
async function readLog(engine: EngineClient, frontend: TrialFrontend, sinceMs: number, signal: AbortSignal): Promise<InquiryAnswer> {
  try {
    const words = refusalIn(await engine.logs(frontend, sinceMs, signal));
    return words === undefined ? { kind: 'nothing' } : { kind: 'refused', words };
  } catch (error) {
    const isLasting = error instanceof EngineError && error.status !== undefined;
    return isLasting ? { kind: 'unavailable', reason: error.message } : { kind: 'nothing' };
  }
}

function isDenied(error: unknown): boolean {
  if (!(error instanceof EngineError) || error.status === undefined) return false;
  return denials.has(error.status) || (error.status === 404 && /page not found/.test(error.message));
}
