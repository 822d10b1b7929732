import { statfs } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NginxSeries } from '../../providers/engine/stand-ins.ts';
import type { BenchContext, Figure } from '../figure.ts';
import { cpuTimeMs } from '../process-clock.ts';
import { peakResidentMB, workerOf } from './nginx-process.ts';
import { recordingBytes, recordingName, type PathPlace, type Placed } from './path-place.ts';
import { backendPort, bucket, routingFiles, routingPort, storagePort, type Contender } from './routing-files.ts';

/** The cost of one large body. Without nginx between, only its speed. */
interface Passage {
  readonly megabytesPerSecond: number;
  readonly nginx?: { readonly processorMs: number; readonly residentMB: number; readonly temporaryMB: number };
}

type Pass = (host: string, port: number) => Promise<void>;

const rounds = 3;
const uploadBytes = 100_000_000;
const lookEveryMs = 10;

/** An upload of 100 MB, and a download of 1 GB through media. The hand-written file has no media. */
export async function measureLargeBodies(context: BenchContext, place: PathPlace): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const nginx of ['1.30', '1.22'] as const) {
    figures.push(...(await measurePassages(context, place, nginx, '100 MB upload', ['seed', 'meet-gen'])));
    figures.push(...(await measurePassages(context, place, nginx, '1 GB media download', ['meet-gen'])));
  }
  return figures;
}

type Body = '100 MB upload' | '1 GB media download';

async function measurePassages(
  { images, quick, log, signal }: BenchContext,
  place: PathPlace,
  nginx: NginxSeries,
  body: Body,
  contenders: readonly Contender[],
): Promise<readonly Figure[]> {
  const isUpload = body === '100 MB upload';
  const backend = isUpload ? place.counting : place.quick;
  const bytes = isUpload ? uploadBytes : recordingBytes;
  const straight: Pass = isUpload ? upload : (host, port) => download(host, port, `/${bucket}/${recordingName}`);
  const routed: Pass = isUpload ? upload : (host, port) => download(host, port, `/media/${recordingName}`);
  const passages = new Map<string, Passage[]>([...contenders, 'nothing between'].map((who) => [who, []]));
  const where = `nginx ${nginx}, ${body}`;
  for (let round = 0; round < (quick ? 1 : rounds); round += 1) {
    log(`path: round ${round + 1} of ${quick ? 1 : rounds}, ${where}`);
    const seconds = await timed(() => straight(backend.address, isUpload ? backendPort : storagePort));
    passages.get('nothing between')?.push({ megabytesPerSecond: bytes / 1e6 / seconds });
    for (const contender of contenders) {
      signal.throwIfAborted();
      const routing = await routingFiles[contender](images.nginx[nginx].version, backend);
      const frontend = await place.startFrontend(nginx, routing);
      try {
        passages.get(contender)?.push(await watchPassage(frontend, bytes, () => routed(frontend.address, routingPort)));
      } finally {
        await place.stop([frontend]);
      }
    }
  }
  return [...passages].flatMap(([who, all]) => figuresOf(who, where, all));
}

/** The frontend is new, so its peak comes from this body. */
async function watchPassage({ pid }: Placed, bytes: number, pass: () => Promise<void>): Promise<Passage> {
  const worker = workerOf(pid);
  const processorBeforeMs = cpuTimeMs(worker);
  const over = new AbortController();
  const temporary = watchTemporaryMB(pid, over.signal);
  const seconds = await timed(pass).finally(() => over.abort());
  return {
    megabytesPerSecond: bytes / 1e6 / seconds,
    nginx: { processorMs: cpuTimeMs(worker) - processorBeforeMs, residentMB: peakResidentMB(worker), temporaryMB: await temporary },
  };
}

/**
 * The peak of the container's /tmp, from statfs: nginx unlinks its temporary files at once, so no listing shows them.
 */
async function watchTemporaryMB(pid: number, signal: AbortSignal): Promise<number> {
  let most = 0;
  while (!signal.aborted) {
    const { blocks, bfree, bsize } = await statfs(`/proc/${pid}/root/tmp`);
    most = Math.max(most, ((blocks - bfree) * bsize) / 1e6);
    await sleep(lookEveryMs);
  }
  return most;
}

async function timed(act: () => Promise<void>): Promise<number> {
  const fromMs = performance.now();
  await act();
  return (performance.now() - fromMs) / 1000;
}

async function upload(host: string, port: number): Promise<void> {
  const chunk = Buffer.alloc(100_000, 'x');
  const body = Readable.from(Array.from({ length: uploadBytes / chunk.length }, () => chunk));
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { 'content-length': uploadBytes, 'x-forwarded-proto': 'https' };
    const sent = request({ host, port, path: '/api/upload', method: 'POST', headers, agent: false }, resolve).on('error', reject);
    pipeline(body, sent).catch(reject);
  });
  const { bytes } = JSON.parse(await textOf(answer)) as { bytes?: number };
  if (bytes !== uploadBytes) throw new Error(`the backend should have read ${uploadBytes} bytes, but read ${bytes}`);
}

async function download(host: string, port: number, path: string): Promise<void> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host, port, path, agent: false }, resolve).on('error', reject).end();
  });
  let bytes = 0;
  for await (const chunk of answer) bytes += (chunk as Buffer).length;
  if (answer.statusCode !== 200 || bytes !== recordingBytes)
    throw new Error(`${path} should get 200 with ${recordingBytes} bytes, but got ${answer.statusCode} with ${bytes}`);
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk as string;
  if (answer.statusCode !== 200) throw new Error(`an upload should get 200, but got ${answer.statusCode}: ${text}`);
  return text;
}

function figuresOf(who: string, where: string, passages: readonly Passage[]): readonly Figure[] {
  const figure = (what: string, unit: Figure['unit'], samples: readonly number[]): readonly Figure[] =>
    samples.length === 0 ? [] : [{ part: 'path', what, where, who, unit, samples }];
  const nginx = passages.flatMap((passage) => passage.nginx ?? []);
  return [
    ...figure(
      'speed',
      'MB/s',
      passages.map(({ megabytesPerSecond }) => megabytesPerSecond),
    ),
    ...figure(
      'CPU of nginx',
      'ms',
      nginx.map(({ processorMs }) => processorMs),
    ),
    ...figure(
      'resident memory, peak',
      'MB',
      nginx.map(({ residentMB }) => residentMB),
    ),
    ...figure(
      'temporary files, peak',
      'MB',
      nginx.map(({ temporaryMB }) => temporaryMB),
    ),
  ];
}
