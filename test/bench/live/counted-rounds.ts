import { dirname, join } from 'node:path';
import type { Figure } from '../figure.ts';
import type { Contender, RunningContender } from './contenders/contender.ts';
import { startCountingProxy, type Call, type CountingProxy } from './counting-proxy.ts';
import { watchFile } from './file-watch.ts';
import type { Neighbours } from './neighbours.ts';
import { labelsOf } from './place.ts';
import { untilAtRest } from './processor-time.ts';
import { playRound, type Ring, type Round } from './round.ts';
import { explainTime } from './time-spent.ts';
import { undisturbed } from './undisturbed.ts';

const isList = ({ path }: Call): boolean => path === '/containers/json';

/**
 * What a contender asks of the engine, seen by a proxy in between: in rounds of their own, since the proxy costs time. The
 * same rounds tell what the time from start to served is made of.
 */
export async function countRounds(
  ring: Ring,
  contender: Contender,
  neighbours: Neighbours,
  where: string,
  rounds: number,
): Promise<readonly Figure[]> {
  const { place, clock } = ring;
  const proxy = await startCountingProxy(ring.api.socketPath, join(dirname(place.out), 'proxy.sock'), clock);
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
    await untilAtRest(running.pid, ring.signal);
    await playRound(ring, running);
    const counted = running;
    await undisturbed(rounds, ring.events, ring.projects, () => countRound(ring, counted, proxy, file, note));
    for (const provoke of irrelevant(ring, neighbours))
      await undisturbed(rounds, ring.events, ring.projects, async () => {
        proxy.forget();
        ring.events.length = 0;
        const events = await provoke();
        await untilAtRest(counted.pid, ring.signal);
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
  ring: Ring,
  running: RunningContender,
  proxy: CountingProxy,
  file: ReturnType<typeof watchFile>,
  note: Note,
): Promise<() => void> {
  proxy.forget();
  file.forget();
  const round = await playRound(ring, running);
  return () => {
    noteCalls(proxy, round, note);
    for (const [what, ms] of explainTime(proxy, file.writtenAtMs(), round, ring.place)) note(`of it: ${what}`, 'ms', ms);
  };
}

function noteCalls(proxy: CountingProxy, round: Round, note: Note): void {
  const between = (fromMs: number, toMs: number): readonly Call[] =>
    proxy.calls().filter(({ begunAtMs }) => begunAtMs >= fromMs && begunAtMs < toMs);
  const all = between(round.beganAtMs, round.endedAtMs);
  note('engine calls per round', 'count', all.length / 2);
  note('lists per round', 'count', all.filter(isList).length / 2);
  note('kB from the engine per round', 'kB', proxy.bytesBetween(round.beganAtMs, round.endedAtMs) / 2000);
  // The two events that nothing else happens near: a start (its network's connect is long over), and a stop signal in its grace.
  for (const [fromMs, toMs] of [
    [round.startedAtMs, round.firstStartDoneAtMs],
    [round.stopSignalAtMs, round.killAtMs],
  ] as const) {
    note('lists per event', 'count', between(fromMs, toMs).filter(isList).length);
    note('engine calls per event', 'count', between(fromMs, toMs).length);
  }
}

/** Each makes the engine tell of events that are no business of anybody's routes, and says of how many. */
function irrelevant({ api, place }: Ring, neighbours: Neighbours): readonly (() => Promise<number>)[] {
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
