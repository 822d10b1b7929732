import { dirname, join } from 'node:path';
import type { Figure } from '../figure.ts';
import type { Contender, RunningContender } from './contenders/contender.ts';
import { startCountingProxy, type Call, type CountingProxy } from './counting-proxy.ts';
import { watchFile } from './file-watch.ts';
import type { Neighbours } from './neighbours.ts';
import { labelsOf } from './place.ts';
import { waitForContender } from './processor-time.ts';
import { playRound, type RoundContext, type Round } from './round.ts';
import { explainTime } from './time-spent.ts';
import { measureUndisturbed } from './undisturbed.ts';

const isList = ({ path }: Call): boolean => path === '/containers/json';

/**
 * Counts a contender's calls to the engine through a proxy. These rounds are separate, since the proxy costs time. The
 * same rounds split the time from start to served into steps.
 */
export async function countRounds(
  roundContext: RoundContext,
  contender: Contender,
  neighbours: Neighbours,
  where: string,
  rounds: number,
): Promise<readonly Figure[]> {
  const { place, clock } = roundContext;
  const proxy = await startCountingProxy(roundContext.api.socketPath, join(dirname(place.out), 'proxy.sock'), clock);
  const file = watchFile(place.file, clock);
  const samples = new Map<string, { readonly unit: Figure['unit']; readonly values: number[] }>();
  const note: Note = (what, unit, value) => {
    const known = samples.get(what) ?? { unit, values: [] };
    samples.set(what, known);
    known.values.push(value);
  };
  let running: RunningContender | undefined;
  try {
    running = await contender.start(place, proxy.socketPath);
    await waitForContender(running.pid, roundContext.signal);
    await playRound(roundContext, running);
    const counted = running;
    await measureUndisturbed(rounds, roundContext.events, roundContext.projects, () =>
      countRound(roundContext, counted, proxy, file, note),
    );
    for (const provoke of irrelevant(roundContext, neighbours))
      await measureUndisturbed(rounds, roundContext.events, roundContext.projects, async () => {
        proxy.forget();
        roundContext.events.length = 0;
        const events = await provoke();
        await waitForContender(counted.pid, roundContext.signal);
        const calls = [...proxy.calls()];
        return () => {
          note('engine calls per irrelevant event', 'count', calls.length / events);
          note('lists per irrelevant event', 'count', calls.filter(isList).length / events);
        };
      });
  } finally {
    await running?.stop();
    file.stop();
    await proxy.stop();
  }
  return [...samples].map(([what, { unit, values }]) => ({ part: 'live', what, where, who: contender.name, unit, samples: values }));
}

type Note = (what: string, unit: Figure['unit'], value: number) => void;

async function countRound(
  roundContext: RoundContext,
  running: RunningContender,
  proxy: CountingProxy,
  file: ReturnType<typeof watchFile>,
  note: Note,
): Promise<() => void> {
  proxy.forget();
  file.forget();
  const round = await playRound(roundContext, running);
  return () => {
    noteCalls(proxy, round, note);
    for (const [what, ms] of explainTime(proxy, file.writtenAtMs(), round, roundContext.place)) note(`of it: ${what}`, 'ms', ms);
  };
}

function noteCalls(proxy: CountingProxy, round: Round, note: Note): void {
  const between = (fromMs: number, toMs: number): readonly Call[] =>
    proxy.calls().filter(({ begunAtMs }) => begunAtMs >= fromMs && begunAtMs < toMs);
  const all = between(round.beganAtMs, round.endedAtMs);
  note('engine calls per round', 'count', all.length / 2);
  note('lists per round', 'count', all.filter(isList).length / 2);
  note('kB from the engine per round', 'kB', proxy.bytesBetween(round.beganAtMs, round.endedAtMs) / 2000);
  // The two events without another event near: a start (after its network's connect), and a stop signal in its grace
  // period.
  for (const [fromMs, toMs] of [
    [round.startedAtMs, round.firstStartDoneAtMs],
    [round.stopSignalAtMs, round.killAtMs],
  ] as const) {
    note('lists per event', 'count', between(fromMs, toMs).filter(isList).length);
    note('engine calls per event', 'count', between(fromMs, toMs).length);
  }
}

/** Functions that cause events which change no route. Each returns the number of its events. */
function irrelevant({ api, place }: RoundContext, neighbours: Neighbours): readonly (() => Promise<number>)[] {
  const unlabelled = async (): Promise<number> => {
    const { Id: id } = await api.call<{ Id: string }>('POST', '/containers/create', {
      Image: 'meet-gen-test/nginx:1.30',
      Entrypoint: ['sleep', 'infinity'],
      Cmd: [],
      Labels: labelsOf(place.project, 'tool', {}),
    });
    await api.call('POST', `/containers/${id}/start`);
    await api.call('POST', `/containers/${id}/kill`);
    await api.call('DELETE', `/containers/${id}?force=1`);
    return ['create', 'start', 'kill', 'die', 'destroy'].length;
  };
  const exec = async (): Promise<number> => {
    const { Id: id } = await api.call<{ Id: string }>('POST', `/containers/${neighbours.one()}/exec`, {
      Cmd: ['true'],
      AttachStdout: true,
    });
    await api.call('POST', `/exec/${id}/start`, { Detach: true });
    return ['exec_create', 'exec_start', 'exec_die'].length;
  };
  return [unlabelled, exec];
}
