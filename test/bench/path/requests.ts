import type { NginxSeries } from '../../providers/engine/stand-ins.ts';
import { runCommand } from '../../providers/run-command.ts';
import type { Wrk } from '../../providers/wrk/find-wrk.ts';
import type { BenchContext, Figure } from '../figure.ts';
import { cpuTimeMs } from '../process-clock.ts';
import { compare, figuresOf, ofOff, ofSeed, type Sample } from './comparison.ts';
import { timeWaitsAround, workerOf } from './nginx-process.ts';
import { assetPath, type PathPlace, type Placed } from './path-place.ts';
import { routingFiles, routingPort, type Backend, type Contender } from './routing-files.ts';
import { readWrk } from './wrk-output.ts';

/** One path at one number of connections, measured for all contenders in turn. */
interface Cell {
  readonly where: string;
  readonly nginx: NginxSeries;
  readonly path: string;
  readonly connections: number;
  readonly backend: Backend;
  readonly contenders: readonly Contender[];
  readonly rounds: number;
}

const allConnections = [1, 32, 256] as const;
const promisedRounds = 5;
const otherRounds = 3;
const runSeconds = 2;

/** Measures requests per second, latencies, processor time and sockets in TIME_WAIT for each contender. */
export async function measureRequests(context: BenchContext, place: PathPlace, wrk: Wrk): Promise<readonly Figure[]> {
  const { log, quick, signal } = context;
  const cells = cellsAt(place, quick);
  const played = new Map(cells.map((cell) => [cell, [] as Round[]]));
  for (let round = 0; round < promisedRounds; round += 1)
    for (const cell of cells.filter(({ rounds }) => round < rounds)) {
      signal.throwIfAborted();
      log(`path: round ${round + 1} of ${cell.rounds}, ${cell.where}`);
      played.get(cell)?.push(await playRound(context, place, wrk, cell, round));
    }
  return [...played].flatMap(([cell, rounds]) => figuresOfCell(cell, rounds));
}

/** nginx resolves names in an upstream since 1.27.3. */
function contendersOf(nginx: NginxSeries): readonly Contender[] {
  return nginx === '1.30' ? ['seed', 'resolve', 'meet-gen', 'bare nginx'] : ['seed', 'meet-gen', 'bare nginx'];
}

function cellsAt({ quick: backend, sync }: PathPlace, isQuick: boolean): readonly Cell[] {
  const pages = { '/api': '/api/x', SPA: '/', '150 kB': assetPath };
  return (['1.30', '1.22'] as const).flatMap((nginx): readonly Cell[] => {
    const quick = Object.entries(pages).flatMap(([page, path]) =>
      allConnections.map((connections): Cell => {
        const isPromised = page !== '150 kB' && connections > 1;
        const where = `nginx ${nginx}, ${page}, ${connections} connection${connections === 1 ? '' : 's'}`;
        const rounds = isQuick ? 1 : isPromised ? promisedRounds : otherRounds;
        return { where, nginx, path, connections, backend, contenders: contendersOf(nginx), rounds };
      }),
    );
    const slow: Cell = {
      where: `nginx ${nginx}, gunicorn sync, 32 connections`,
      nginx,
      path: '/api/x',
      connections: 32,
      backend: sync,
      contenders: ['seed', 'meet-gen', 'meet-gen, keepalive off'],
      rounds: isQuick ? 1 : promisedRounds,
    };
    return [...(isQuick ? quick.filter(({ connections }) => connections === 32) : quick), slow];
  });
}

type Round = ReadonlyMap<Contender, Sample>;

/** Measures each contender in a new container, so that no sockets in TIME_WAIT from another run slow it down. */
async function playRound({ images, signal }: BenchContext, place: PathPlace, wrk: Wrk, cell: Cell, round: number): Promise<Round> {
  const { nginx, backend, contenders } = cell;
  const version = images.nginx[nginx].version;
  const frontends = await Promise.all(
    contenders.map(async (contender) => ({
      contender,
      frontend: await place.startFrontend(nginx, await routingFiles[contender](version, backend)),
    })),
  );
  try {
    const samples = new Map<Contender, Sample>();
    // The order alternates from round to round.
    for (const { contender, frontend } of round % 2 === 0 ? frontends : frontends.toReversed()) {
      signal.throwIfAborted();
      samples.set(contender, await putUnderLoad(wrk, cell, frontend));
    }
    return samples;
  } finally {
    await place.stop(frontends.map(({ frontend }) => frontend));
  }
}

async function putUnderLoad({ program, env }: Wrk, { connections, path }: Cell, { address, pid }: Placed): Promise<Sample> {
  const worker = workerOf(pid);
  const [processorBeforeMs, timeWaitsBefore] = [cpuTimeMs(worker), timeWaitsAround(pid)];
  const args = ['-t1', `-c${connections}`, `-d${runSeconds}s`, '--latency', `http://${address}:${routingPort}${path}`];
  const load = readWrk(await runCommand(program, args, { env: { ...env } }));
  return {
    ...load,
    processorMicros: ((cpuTimeMs(worker) - processorBeforeMs) * 1000) / load.answers,
    timeWaits: timeWaitsAround(pid) - timeWaitsBefore,
  };
}

function figuresOfCell({ where, contenders }: Cell, rounds: readonly Round[]): readonly Figure[] {
  const samplesOf = (contender: Contender): readonly Sample[] => rounds.flatMap((round) => round.get(contender) ?? []);
  const own = samplesOf('meet-gen');
  return [
    ...contenders.flatMap((contender) => figuresOf(contender, where, samplesOf(contender))),
    ...compare('meet-gen', where, ofSeed, own, samplesOf('seed')),
    ...(contenders.includes('meet-gen, keepalive off') ? compare('meet-gen', where, ofOff, own, samplesOf('meet-gen, keepalive off')) : []),
  ];
}
