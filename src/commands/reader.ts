import { OperatorError } from '../model/operator-error.ts';
import { OptionsError } from '../options.ts';
import type { Options } from '../options.ts';
import { createEngineReport } from '../reader/engine-report.ts';
import { relayEvents } from '../reader/event-relay.ts';
import type { EventRelay } from '../reader/event-relay.ts';
import { startReaderServer } from '../reader/server.ts';
import { createEngineAnswers } from '../reader/engine-answers.ts';
import { startStatusServer } from '../server/server.ts';
import { createEngineClient } from '../source/docker/client.ts';
import { readReaderSecret } from '../source/swarm/reader-secret.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';
import { nowMs } from '../util/clock.ts';
import { createErrorBoundary } from '../util/error-boundary.ts';
import type { ErrorBoundary } from '../util/error-boundary.ts';
import { messageOf } from '../util/error-message.ts';
import { untilAborted } from '../util/until-aborted.ts';
import { version } from '../util/version.ts';
import { openLog } from './log.ts';
import type { RunSignals } from './run.ts';
import { socketPlaces } from './socket-places.ts';

const bugCure = 'report this line (docs/contributing.md); the reader exits, and a restart is safe';

/**
 * Runs the reader beside a manager's engine until the stop signal aborts.
 * @throws OptionsError when the configuration makes a start impossible
 */
export async function runReader(options: Options, signals: RunSignals): Promise<void> {
  const secret = await readSecret(options.readerSecret);
  const log = await openLog(options);
  signals.onForced((pending) => log.write('stopForced', { underWay: pending }));
  signals.onBug((error) => log.write('bug', { err: error, cure: bugCure }));
  const { dockerHost, serve } = options;
  const address = `${serve.host}:${serve.port}`;
  log.write('readerStarts', { version, node: process.version, engine: dockerHost.url, serve: address });
  const boundary = createErrorBoundary(log, nowMs);
  const report = createEngineReport(log, dockerHost.url, nowMs);
  const abort = new AbortController();
  const engine = createEngineClient(dockerHost);
  const view = createEngineAnswers(engine, report, nowMs, abort.signal);
  const relay = relayEvents(engine, view.invalidate, report, abort.signal);
  const releases: (() => Promise<void>)[] = [];
  try {
    releases.push(await startStatus(relay, boundary, options).catch((error: unknown) => refuse(messageOf(error))));
    await Promise.race([relay.tried, untilAborted(signals.stop)]);
    releases.push(
      await startReaderServer({ view, relay, secret, boundary }, serve).catch((error: unknown) =>
        refuse(`--serve: ${address} can't be used: ${messageOf(error)}`),
      ),
    );
    log.write('readerServes', { serve: address });
    await untilAborted(signals.stop);
    log.write('stopRequested');
  } finally {
    abort.abort();
    for (const release of releases.toReversed()) await release();
  }
  log.write('stopped');
}

function refuse(line: string): never {
  throw new OptionsError([line]);
}

/** @throws OptionsError with the cure */
function readSecret(file: string | undefined): Promise<Buffer> {
  if (file === undefined)
    return refuse(
      '--reader-secret (MEET_GEN_READER_SECRET) is missing; name the file of a Docker secret, for example /run/secrets/meet-gen-reader',
    );
  return readReaderSecret(file).catch((error: unknown) => refuse(messageOf(error)));
}

/** The socket that `meet-gen healthcheck` and `meet-gen status` ask, as for the sidecar: in the same place without `--out`. */
async function startStatus(
  relay: Pick<EventRelay, 'hasOpened' | 'refusal'>,
  boundary: ErrorBoundary,
  { out }: Options,
): Promise<() => Promise<void>> {
  const nothing = { contentType: 'text/plain', text: 'a reader has no metrics and no page\n' };
  return startStatusServer(
    {
      healthy: () => true,
      snapshot: () => statusOf(relay),
      metrics: () => nothing,
      page: () => nothing,
      asset: () => undefined,
      onChange: () => () => undefined,
    },
    { drain: throwNoSidecar, cancelDrain: throwNoSidecar, explain: throwNoSidecar },
    await socketPlaces(out),
    'off',
    [],
    boundary,
  );
}

function throwNoSidecar(): never {
  throw new OperatorError('this meet-gen is a reader; ask the meet-gen of a node');
}

/** Ready once the engine has answered: later, no restart of the reader could bring the engine back. */
function statusOf(relay: Pick<EventRelay, 'hasOpened' | 'refusal'>): StatusSnapshot {
  return {
    version,
    ready: relay.hasOpened(),
    converged: relay.hasOpened(),
    engine: { connected: relay.refusal() === undefined, lastSyncAt: null },
    instances: [],
    problems: [],
    changes: [],
  };
}
