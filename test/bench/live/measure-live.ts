import type { BenchContext, Figure } from '../figure.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { daemonPid } from '../../providers/engine/daemon.ts';
import { sharedPlaces } from '../../providers/engine/places.ts';
import { watchAnswers, type Answer } from './answers.ts';
import { bareScripts } from './contenders/bare-scripts.ts';
import type { Contender } from './contenders/contender.ts';
import { dockerGen } from './contenders/docker-gen.ts';
import { meetGen } from './contenders/meet-gen.ts';
import { countRounds } from './counted-rounds.ts';
import { createEngineApi, type ContainerEvent } from './engine-api.ts';
import { createNeighbours } from './neighbours.ts';
import { backendPort, createPlace } from './place.ts';
import { waitForContender } from './processor-time.ts';
import { playRound, type RoundContext, type Round } from './round.ts';
import { recordTexts } from './texts.ts';
import { measureUndisturbed } from './undisturbed.ts';
import { createWallClock, type WallClock } from './wall-clock.ts';

const crowds = [5, 50, 300];
const blocks = 3;
const warmUps = 2;

/** Measures the speed and the cost of each contender, on a real engine and a real nginx. */
export async function measureLive(context: BenchContext): Promise<readonly Figure[]> {
  const { engine, images, rounds, quick, log, signal } = context;
  const api = createEngineApi(engine);
  const clock = createWallClock();
  const over = new AbortController();
  const neighbours = createNeighbours(api, images, signal);
  const place = await createPlace(engine, api, images, clock);
  try {
    const events: ContainerEvent[] = [];
    await api.watch((event) => events.push(event), over.signal);
    const enginePid = engine.provided ? daemonPid(sharedPlaces) : undefined;
    const projects = [place.project, neighbours.project];
    const roundContext: RoundContext = { api, place, clock, events, projects, signal, ...(enginePid === undefined ? {} : { enginePid }) };
    log('live: meet-gen writes the texts that all contenders publish');
    const texts = await recordTexts(api, place, signal);
    const theirs = dockerGen(texts);
    if (theirs === undefined) log('live: docker-gen is not measured: it is not on PATH, and DOCKER_GEN is not set');
    const contenders = [meetGen, ...bareScripts(texts), ...(theirs === undefined ? [] : [theirs])];
    const figures: Figure[] = [await measureBackend(roundContext, rounds)];
    for (const count of quick ? crowds.slice(0, 2) : crowds) {
      log(`live: starts ${count} containers beside`);
      await neighbours.growTo(count);
      const where = `${count} beside`;
      figures.push(...(await playInTurn(roundContext, contenders, where, quick ? 1 : blocks, rounds, log)));
      for (const contender of contenders) {
        log(`live: ${where}, counts the calls of ${contender.name}`);
        figures.push(...(await countRounds(roundContext, contender, neighbours, where, quick ? 3 : 6)));
      }
    }
    return figures;
  } finally {
    over.abort();
    await neighbours.remove();
    await place.remove();
  }
}

/** Plays all contenders in turn, several times, so that a slow phase of the machine affects all of them. */
async function playInTurn(
  roundContext: RoundContext,
  contenders: readonly Contender[],
  where: string,
  times: number,
  rounds: number,
  log: (line: string) => void,
): Promise<readonly Figure[]> {
  const played = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  for (let block = 1; block <= times; block += 1)
    for (const { name, start } of contenders) {
      log(`live: ${where}, block ${block} of ${times}, ${name}`);
      const running = await start(roundContext.place, roundContext.api.socketPath);
      try {
        await waitForContender(running.pid, roundContext.signal);
        for (let round = 0; round < warmUps; round += 1) await playRound(roundContext, running);
        await measureUndisturbed(Math.ceil(rounds / times), roundContext.events, roundContext.projects, async () => {
          const round = await playRound(roundContext, running);
          return () => played.get(name)?.push(round);
        });
      } catch (error) {
        throw new Error(`${name}, ${where}: ${error instanceof Error ? error.message : String(error)}; its output: ${running.output()}`, {
          cause: error,
        });
      } finally {
        await running.stop();
      }
    }
  return [...played].flatMap(([who, all]) => figuresOf(who, where, all));
}

function figuresOf(who: string, where: string, rounds: readonly Round[]): readonly Figure[] {
  const figure = (what: string, pick: (round: Round) => number): Figure => ({
    part: 'live',
    what,
    where,
    who,
    unit: 'ms',
    samples: rounds.map(pick),
  });
  const engine = rounds.flatMap(({ engineProcessorMs }) => (engineProcessorMs === undefined ? [] : [engineProcessorMs]));
  return [
    figure('start → served', ({ servedMs }) => servedMs),
    figure('start → live', ({ liveMs }) => liveMs),
    figure('stop → out of rotation', ({ outOfRotationMs }) => outOfRotationMs),
    figure('CPU per round', ({ processorMs }) => processorMs),
    ...(engine.length === 0 ? [] : [{ ...figure("engine's CPU per round", () => 0), samples: engine }]),
    figure('poll interval', ({ pollIntervalMs }) => pollIntervalMs),
  ];
}

/** The time until the backend itself answers: the limit for every contender. */
async function measureBackend({ api, place, clock, events, signal }: RoundContext, rounds: number): Promise<Figure> {
  const [{ id, address }] = place.backends;
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    signal.throwIfAborted();
    clock.set();
    events.length = 0;
    // No request before the start: a lost first attempt is repeated only after a second.
    await api.call('POST', `/containers/${id}/start`);
    const answer = await firstAnswer(address, clock);
    const event = await waitUntil('the engine reports the start', () =>
      events.find(({ Action, Actor }) => Action === 'start' && Actor.ID === id),
    );
    samples.push(answer.atMs - event.timeNano / 1e6);
    await api.call('POST', `/containers/${id}/kill`);
  }
  return { part: 'live', what: 'start → the backend itself answers', where: 'no containers beside', who: 'backend', unit: 'ms', samples };
}

async function firstAnswer(address: string, clock: WallClock): Promise<Answer> {
  const watch = watchAnswers(address, backendPort, clock);
  try {
    return await waitUntil('the backend answers', () => watch.answers().find(({ by }) => by === 'one'));
  } finally {
    await watch.stop();
  }
}
