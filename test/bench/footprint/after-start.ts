import { spawn } from 'node:child_process';
import { logMessages } from '../../../src/util/log-messages.ts';
import { findSocket } from '../../e2e/image/mounted-socket.ts';
import { startSmallMeet } from '../../e2e/image/small-meet.ts';
import type { SmallMeet } from '../../e2e/image/small-meet.ts';
import { waitUntil } from '../../support/wait-until.ts';
import type { BenchContext, Figure } from '../figure.ts';
import { bareNode, bareProgram, withContainer } from './image-container.ts';
import { containerReader, processReader, readSettled } from './resident.ts';
import type { Resident } from './resident.ts';

const containerSocket = '/var/run/docker.sock';

/**
 * Resident memory of meet-gen in its image, idle after the proof, beside a Meet on the real engine; and of bare Node.
 */
export async function measureAfterStart(context: BenchContext, image: string, samples: number): Promise<readonly Figure[]> {
  const { engine, images, signal, log } = context;
  const meet = await startSmallMeet(engine, images, image, 'bench-memory');
  const [ours, bare, bareHere]: Resident[][] = [[], [], []];
  try {
    const socket = await findSocket(engine, images);
    const out = ['--network', meet.network, '--volume', `${meet.name}:/routing`, '--env', `MEET_GEN_INSTANCE=${meet.name}`];
    const access = ['--volume', `${socket.path}:${containerSocket}`, '--group-add', socket.groupId];
    const args = [...out, ...access, image];
    for (let sample = 0; sample < samples; sample += 1) {
      signal.throwIfAborted();
      ours?.push(await withContainer(engine, args, (container) => whenLive(meet, container, context)));
      bare?.push(await withContainer(engine, bareNode(image), (container) => readSettled(containerReader(engine, container), signal)));
      bareHere?.push(await bareNodeHere(signal));
    }
  } finally {
    await meet.remove();
  }
  log(`after start: ${ours?.at(-1)?.wholeMB.toFixed(1)} MB, bare Node ${bare?.at(-1)?.wholeMB.toFixed(1)} MB`);
  return [
    ...residentFigures('after start', 'meet-gen', ours ?? []),
    ...residentFigures('after start', 'bare Node', bare ?? []),
    ...residentFigures("after start, this machine's Node", 'bare Node', bareHere ?? []),
  ];
}

/** A figure for all resident memory, and a figure for the process's own. */
export function residentFigures(where: string, who: string, samples: readonly Resident[]): readonly Figure[] {
  const figure = { part: 'footprint', where, who, unit: 'MB' } as const;
  return [
    { ...figure, what: 'resident memory', samples: samples.map(({ wholeMB }) => wholeMB) },
    { ...figure, what: 'resident memory of its own', samples: samples.map(({ ownMB }) => ownMB) },
  ];
}

async function whenLive(meet: SmallMeet, container: string, { engine, signal }: BenchContext): Promise<Resident> {
  await waitUntil(
    'meet-gen logs that routes are live',
    async () => (await meet.log(container)).includes(`"${logMessages.routesLive.message}"`),
    30_000,
  );
  return readSettled(containerReader(engine, container), signal);
}

async function bareNodeHere(signal: AbortSignal): Promise<Resident> {
  const child = spawn(process.execPath, ['-e', bareProgram], { stdio: 'ignore', env: {} });
  try {
    return await readSettled(processReader(child.pid ?? 0), signal);
  } finally {
    child.kill('SIGKILL');
  }
}
