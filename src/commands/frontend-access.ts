import type { CheckPorts } from '../rollout/candidate-check.ts';
import type { EngineClient } from '../source/docker/engine-client.ts';
import { EngineError } from '../source/engine-error.ts';
import type { Options } from '../options.ts';
import type { ProverPorts } from '../reload/frontend-prover.ts';
import { askRejected } from '../reload/rejected-probe.ts';
import { findRival } from '../reload/rival.ts';
import { LogRefused } from '../reload/ways/way.ts';
import type { WayPorts } from '../reload/ways/way.ts';

/** The ways to reload frontends, test a file in them, and read nginx's errors, from `--reload` and `--check`. */
interface FrontendAccess {
  readonly prover: Pick<ProverPorts, 'reload' | 'inquire' | 'findRival'>;
  /** Undefined if meet-gen may run no command in a frontend. */
  readonly exec: CheckPorts['exec'] | undefined;
}

const rejectedTimeoutMs = 1000;
/** A proxy answers with these to a call that it doesn't let through, an engine to a call that it doesn't have. */
const denials: ReadonlySet<number> = new Set([401, 403, 405, 501]);

/** @param onSignalled is called after each signal that the engine delivered */
export function createFrontendAccess(
  engine: EngineClient,
  options: Pick<Options, 'reload' | 'check' | 'dockerHost'>,
  onSignalled: (containerId: string) => void,
): FrontendAccess {
  const exec = mayExec(options) ? engine.exec : undefined;
  const logs = options.check === 'off' ? undefined : readLogWith(engine);
  const way = options.reload.connect({
    async signalHup(frontend, signal) {
      await engine.signalHup(frontend, signal);
      onSignalled(frontend.id);
    },
    signalEndsRestarts: () => engine.profile().signalEndsRestarts,
    exec: engine.exec,
    logs,
    askRejected: (endpoints, sha256, signal) => askRejected(endpoints, sha256, rejectedTimeoutMs, signal),
  });
  return {
    prover: { ...way, findRival: (frontend, port, signal) => findRival({ exec, logs }, frontend, port, signal) },
    exec: exec && ((...call) => exec(...call).catch(rethrowWithDenial)),
  };
}

function mayExec({ check, reload, dockerHost }: Pick<Options, 'check' | 'reload' | 'dockerHost'>): boolean {
  if (check !== 'auto') return check === 'exec';
  const isProxied = !('socketPath' in dockerHost) && dockerHost.tls === undefined;
  return reload.execs === 'always' || (reload.execs === 'unless-proxied' && !isProxied);
}

function readLogWith({ logs }: EngineClient): NonNullable<WayPorts['logs']> {
  return (...call) =>
    logs(...call).catch((error: unknown) => {
      const isLasting = error instanceof EngineError && error.status !== undefined;
      throw isLasting ? new LogRefused(error.message, { cause: error }) : error;
    });
}

function rethrowWithDenial(error: unknown): never {
  throw Object.assign(error instanceof Error ? error : new Error(String(error)), { denied: isDenied(error) });
}

function isDenied(error: unknown): boolean {
  if (!(error instanceof EngineError) || error.status === undefined) return false;
  return denials.has(error.status) || (error.status === 404 && /page not found/.test(error.message));
}
