import { setTimeout as sleep } from 'node:timers/promises';
import { showUntrustedText } from '../model/untrusted-text.ts';
import type { Options } from '../options.ts';
import { statusSockets } from '../publish/out-directory.ts';
import { probePort } from '../doctor/collect/port-probe.ts';
import { ownNetworks } from '../doctor/collect/requests.ts';
import { addConnections } from '../status/connections.ts';
import { isServing } from '../status/headline.ts';
import { printStatus } from '../status/print.ts';
import { askFirst, nobodyAnswers } from '../server/ask.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';

/** The status, and whether visitors get answers; or the reason for a failure. */
export type StatusReport = { readonly output: string; readonly isServing: boolean } | { readonly failure: string };

const timeoutMs = 3000;
/** The limit for all connections together. */
const connectMs = 500;
const maxLineLength = 4000;
const watchEveryMs = 1000;

/** Asks the running sidecar for the status of all instances, or of the instance in `--instance`. */
export async function readStatus(options: Options, asJson: boolean): Promise<StatusReport> {
  const sockets = await statusSockets(options.out);
  const answer = await askFirst(sockets, '/status', timeoutMs);
  if (answer === undefined) return { failure: nobodyAnswers(sockets) };
  if (answer.status !== 200) return { failure: `the running meet-gen answers ${answer.status}; its version may differ from this one` };
  const selected = onlyOf(JSON.parse(answer.body) as StatusSnapshot, options.instance);
  const own = ownNetworks();
  const limit = AbortSignal.timeout(connectMs);
  const snapshot = await addConnections(selected, (endpoint) => probePort(endpoint, own, limit));
  const lines = asJson
    ? [JSON.stringify(snapshot, undefined, 2)]
    : printStatus(snapshot, Date.now()).map((line) => showUntrustedText(line, maxLineLength));
  return { output: lines.map((line) => `${line}\n`).join(''), isServing: isServing(snapshot) };
}

/** Asks every second until the signal aborts, and shows each changed status. */
export async function watchStatus(options: Options, asJson: boolean, show: (text: string) => void, signal: AbortSignal): Promise<void> {
  let shown: string | undefined;
  while (!signal.aborted) {
    const report = await readStatus(options, asJson);
    const text = 'failure' in report ? `${showUntrustedText(report.failure, maxLineLength)}\n` : report.output;
    if (text !== shown) show(text);
    shown = text;
    await sleep(watchEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Keeps the instance, and the problems without an instance. */
function onlyOf(snapshot: StatusSnapshot, instance: string | undefined): StatusSnapshot {
  if (instance === undefined) return snapshot;
  const isMeant = (name: string | undefined): boolean => name === undefined || name === instance;
  const instances = snapshot.instances.filter(({ name }) => isMeant(name));
  return {
    ...snapshot,
    converged: snapshot.ready && instances.length > 0 && instances.every(({ converged }) => converged),
    instances,
    problems: snapshot.problems.filter((item) => isMeant(item.instance)),
    changes: snapshot.changes.filter((change) => isMeant(change.instance)),
  };
}
