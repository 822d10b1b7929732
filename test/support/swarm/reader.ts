import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { nonceHeader } from '../../../src/source/swarm/signature.ts';
import { startCommand } from '../built-command.ts';
import type { CommandOptions, RunningCommand } from '../built-command.ts';
import type { Scene } from '../fake-engine/scene.ts';
import { freePort } from '../free-port.ts';

/** `meet-gen reader` beside a fake engine. */
export interface Reader {
  readonly command: RunningCommand;
  readonly port: number;
  readonly secret: Buffer;
  readonly secretFile: string;
  /** The variables of the command: other readers of this machine have another status socket. */
  readonly env: Readonly<Record<string, string>>;
  /** One question on a connection of its own. */
  ask(path: string, options?: AskOptions): Promise<ReaderAnswer>;
  /** Opens a stream of events, and resolves with its head. */
  openEvents(options?: AskOptions): Promise<EventStream>;
}

interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A loopback address: the reader limits the connections of an address. */
  readonly from?: string;
}

interface ReaderAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface EventStream extends Omit<ReaderAnswer, 'body'> {
  /** The whole lines so far. */
  lines(): readonly string[];
  hasEnded(): boolean;
  close(): void;
}

const secretName = 'reader-secret';

/** Flags for a reader of the scene's engine, with a new secret in the scene's folder. */
export async function readerFlags(scene: Scene, port: number): Promise<readonly string[]> {
  const file = join(scene.folder, secretName);
  await writeFile(file, `${randomBytes(16).toString('hex')}\n`);
  return ['--docker-host', scene.engine.host, '--serve', `127.0.0.1:${port}`, '--reader-secret', file];
}

/**
 * Starts a reader, and waits until the reader answers. Its engine manages a swarm, by default an empty one. Without `isAlone`, its
 * stream of the engine's events is then open.
 */
export async function startReader(scene: Scene, isAlone = false, how: CommandOptions = {}): Promise<Reader> {
  scene.engine.rawSwarm.services ??= [];
  scene.engine.rawSwarm.tasks ??= [];
  const port = await freePort();
  const env = { ...how.env, TMPDIR: scene.folder };
  const command = startCommand(['reader', ...(await readerFlags(scene, port))], { ...how, env });
  scene.stopsWith(command);
  await command.waitForLog('readerServes');
  // On a busy machine the first attempt may fail.
  if (!isAlone && command.logged('readerEngineFails').length > 0) await command.waitForLog('readerEngineAnswers');
  const secretFile = join(scene.folder, secretName);
  return {
    command,
    port,
    secret: Buffer.from((await readFile(secretFile, 'utf8')).trim()),
    secretFile,
    env,
    ask: (path, options = {}) => ask(port, path, options),
    openEvents: (options = {}) => openEvents(port, options),
  };
}

/** A new nonce, as a header. */
export function newNonce(): { readonly nonce: string; readonly headers: Readonly<Record<string, string>> } {
  const nonce = randomBytes(16).toString('hex');
  return { nonce, headers: { [nonceHeader]: nonce } };
}

function open(port: number, path: string, { method = 'GET', headers = {}, body, from }: AskOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const place = { host: '127.0.0.1', port, path, method, headers, agent: false as const };
    const asked = request({ ...place, ...(from === undefined ? {} : { localAddress: from }) }, resolve);
    asked.on('error', reject);
    asked.end(body);
  });
}

async function ask(port: number, path: string, options: AskOptions): Promise<ReaderAnswer> {
  const answer = await open(port, path, options);
  let body = '';
  for await (const text of answer.setEncoding('utf8')) body += String(text);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body };
}

async function openEvents(port: number, options: AskOptions): Promise<EventStream> {
  const answer = await open(port, '/events', options);
  let text = '';
  let hasEnded = false;
  answer.on('error', () => undefined);
  answer.on('close', () => (hasEnded = true));
  answer.setEncoding('utf8').on('data', (more: string) => (text += more));
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    lines: () => text.split('\n').slice(0, -1),
    hasEnded: () => hasEnded,
    close: () => answer.destroy(),
  };
}
