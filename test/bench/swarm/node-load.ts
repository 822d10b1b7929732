import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeEngine } from '../../support/fake-engine/engine.ts';
import type { Scene } from '../../support/fake-engine/scene.ts';
import { startReader } from '../../support/swarm/reader.ts';
import { imageOptions } from '../as-in-image.ts';
import { withScene } from '../faked/on-scene.ts';
import type { BenchSettings, Figure } from '../figure.ts';
import { cpuTimeMs } from '../process-clock.ts';
import { createLargeSwarm } from './large-swarm.ts';
import type { LargeSwarm } from './large-swarm.ts';
import { startNodes } from './swarm-nodes.ts';
import type { SwarmNodes } from './swarm-nodes.ts';

/** The load in a window of time, per second. */
interface Load {
  readonly questions: number;
  /** The processor time of the reader's process. */
  readonly cpuMs: number;
  readonly calls: number;
  readonly lists: number;
  readonly fromEngineKB: number;
  readonly toNodesKB: number;
}

/** How often the swarm changes while the nodes poll. */
type Pace = keyof typeof changesPerSecond;

const changesPerSecond = { quiet: 0, 'an update, 1 change a second': 1, 'an update, 4 changes a second': 4 } as const;
/** 50 nodes that read 200 changed answers of a plain manager in a second would take more than a processor. */
const managersAt: Readonly<Record<Pace, readonly ('reader' | 'plain manager')[]>> = {
  quiet: ['reader', 'plain manager'],
  'an update, 1 change a second': ['reader', 'plain manager'],
  'an update, 4 changes a second': ['reader'],
};
const windowMs = 2000;
const settledMs = 3000;
/** Docker's own processor time for a list of 500 tasks, measured on Docker 26.1 apart from this bench. */
const dockerListMs = 12.5;

/** The load of 50 nodes on one manager: through a reader, and without. */
export async function measureLoad({ quick, log, signal }: BenchSettings): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const pace of Object.keys(changesPerSecond) as Pace[])
    for (const manager of managersAt[pace]) {
      const loads = await withScene(signal, (scene) => takeLoads(scene, pace, manager === 'reader', quick ? 2 : 10, log));
      figures.push(...figuresOf(pace, manager, loads));
      log(`50 nodes on a ${manager}, ${pace}: measured`);
    }
  return figures;
}

async function takeLoads(
  scene: Scene,
  pace: Pace,
  isReader: boolean,
  windows: number,
  log: BenchSettings['log'],
): Promise<readonly Load[]> {
  const { engine } = scene;
  const large = createLargeSwarm('10.1.0.0');
  engine.swarm = large.swarm;
  const reader = isReader ? await startReader(scene, false, imageOptions()) : undefined;
  const nodes = await startNodes(reader === undefined ? engine.host : `tcp://127.0.0.1:${reader.port}`, reader?.secret);
  const endChanges = beginChanges(large, changesPerSecond[pace]);
  await sleep(settledMs);
  const loads: Load[] = [];
  for (let window = 0; window < windows; window += 1) loads.push(await takeWindow(engine, nodes, reader?.command.pid));
  endChanges();
  await nodes.stop();
  if (nodes.failures() > 0) log(`${nodes.failures()} times a node got no answer in time: the machine is too busy`);
  return loads;
}

function beginChanges(large: LargeSwarm, perSecond: number): () => void {
  if (perSecond === 0) return () => undefined;
  large.beginUpdate();
  const timer = setInterval(() => large.changeTask(), 1000 / perSecond);
  return () => clearInterval(timer);
}

async function takeWindow(engine: FakeEngine, nodes: SwarmNodes, pid: number | undefined): Promise<Load> {
  const reading = (): { readonly cpuMs: number; readonly written: number } =>
    pid === undefined ? { cpuMs: 0, written: 0 } : { cpuMs: cpuTimeMs(pid), written: writtenBytes(pid) };
  const [before, answered, questions, fromMs] = [reading(), engine.answered.length, nodes.questions(), performance.now()];
  await sleep(windowMs);
  const seconds = (performance.now() - fromMs) / 1000;
  const after = reading();
  const calls = engine.answered.slice(answered);
  const sent = calls.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    questions: (nodes.questions() - questions) / seconds,
    cpuMs: (after.cpuMs - before.cpuMs) / seconds,
    calls: calls.length / seconds,
    lists: calls.filter(({ path }) => path === '/tasks').length / seconds,
    fromEngineKB: sent / 1000 / seconds,
    toNodesKB: (pid === undefined ? sent : after.written - before.written) / 1000 / seconds,
  };
}

/** The bytes that a process has written, also to sockets (proc(5), io: wchar; Linux). A reader writes little else. */
function writtenBytes(pid: number): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

function figuresOf(pace: Pace, who: string, loads: readonly Load[]): readonly Figure[] {
  const figure = (what: string, unit: Figure['unit'], read: (load: Load) => number): Figure => ({
    part: 'swarm',
    what,
    where: `50 nodes, ${pace}`,
    who,
    unit,
    samples: loads.map(read),
  });
  const perSecond = [
    figure('questions of the nodes per second', 'count', ({ questions }) => questions),
    figure('calls to the engine per second', 'count', ({ calls }) => calls),
    figure('from the engine per second', 'kB', ({ fromEngineKB }) => fromEngineKB),
    figure('to the nodes per second', 'kB', ({ toNodesKB }) => toNodesKB),
    figure("computed: Docker's own time per second", 'ms', ({ lists }) => lists * dockerListMs),
  ];
  return who === 'reader' ? [...perSecond, figure("reader's own time per second", 'ms', ({ cpuMs }) => cpuMs)] : perSecond;
}
