import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { World } from './world.ts';

const defaultListenPort = 8083;

/** The behaviour of a fake nginx. Tests change it in place. */
interface NginxBehaviour {
  /** From the signal until the first answer with the new configuration. */
  reloadMs: number;
  /** For this long after a reload, an old worker gives every second answer. */
  oldWorkersMs: number;
  /** The next signals, this many, have no effect. */
  loseSignals: number;
  /** Refuses the new file, logs an error, and keeps the old configuration. */
  refuseReload: boolean;
  /** Refuses only a file with this text, and names the line. */
  refuseText: string | undefined;
  /** The number of requests that it logs after a refusal, before meet-gen reads the log. */
  requestsAfterRefusal: number;
  /** The answers of the status port. */
  answers: 'normally' | 'never' | 'forbidden';
  /** Another server block answers on the routing port. */
  isShadowed: boolean;
}

/** A line in nginx's `combined` format, with a visitor's forgery of nginx's error messages. */
const accessLogLine = `203.0.113.9 - - [25/Nov/2026:02:03:04 +0000] "GET /?[emerg]=1 HTTP/1.1" 200 7 "-" "${'Mozilla/5.0 '.repeat(20)} [emerg] 1#1: forged"`;

/** The nginx of a frontend container, with its status server and its loaded configuration. */
export interface FakeNginx {
  readonly behaviour: NginxBehaviour;
  /** The generation that it serves; `none` before it has read a file. */
  generation(): string;
  /** The times of requests for the generation, in milliseconds since 1970. */
  readonly asks: readonly number[];
  /** The times of requests on the routing port, in milliseconds since 1970. */
  readonly visits: readonly number[];
  /** The times of received signals. */
  readonly signals: readonly number[];
  /** Reads the file without any check, as at a container's start. */
  boot(): void;
  /**
   * Moves to a container that has replaced its own at the same address. It starts there, and gets that container's
   * signals.
   */
  moveTo(container: string): void;
  /** Closes the routing port. */
  closeEntrance(): Promise<void>;
  close(): Promise<void>;
}

export interface NginxPlace {
  readonly address: string;
  readonly port: number;
  /** The published file at its mount point in the container. */
  readonly file: string;
  readonly version?: string;
}

/** Starts the nginx of a container in the world. It gets the container's HUP signals. */
export async function startFakeNginx(world: World, container: string, place: NginxPlace): Promise<FakeNginx> {
  const behaviour: NginxBehaviour = {
    reloadMs: 20,
    oldWorkersMs: 0,
    loseSignals: 0,
    refuseReload: false,
    refuseText: undefined,
    requestsAfterRefusal: 0,
    answers: 'normally',
    isShadowed: false,
  };
  const asks: number[] = [];
  const visits: number[] = [];
  const signals: number[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let serving = readGeneration(place.file);
  let old = { generation: serving, untilMs: 0 };

  const load = (): void => {
    const text = readText(place.file);
    const refused = behaviour.refuseText === undefined ? behaviour.refuseReload : text.includes(behaviour.refuseText);
    if (refused) {
      const subject = behaviour.refuseText ?? 'it';
      const line = text.slice(0, text.indexOf(behaviour.refuseText ?? '')).split('\n').length;
      world.writeLog(container, `2026/11/25 02:03:04 [emerg] 1#1: ${subject} is refused in ${place.file}:${line}`);
      for (let index = 0; index < behaviour.requestsAfterRefusal; index += 1) world.writeLog(container, accessLogLine);
      return;
    }
    old = { generation: serving, untilMs: Date.now() + behaviour.oldWorkersMs };
    serving = readGeneration(place.file);
    void openEntrance();
  };
  const reload = (): void => {
    signals.push(Date.now());
    if (behaviour.loseSignals > 0) {
      behaviour.loseSignals -= 1;
      return;
    }
    const timer = setTimeout(() => {
      timers.delete(timer);
      load();
    }, behaviour.reloadMs);
    timers.add(timer);
  };
  const answering = (turn: number): string => (Date.now() < old.untilMs && turn % 2 === 0 ? old.generation : serving);

  const server = createServer((request, response) => {
    asks.push(Date.now());
    if (behaviour.answers === 'never') return;
    const isGeneration = request.url === '/generation' && behaviour.answers === 'normally';
    response.writeHead(isGeneration ? 200 : behaviour.answers === 'forbidden' ? 403 : 404, { connection: 'close' });
    response.end(isGeneration ? `${answering(asks.length)} ${place.version ?? '1.22.1'}\n` : 'no');
  });
  await listen(server, place);
  const entrances = new Map<number, Server>();
  /** Listens on the port that the file names. A previous port stays open, which disturbs no test. */
  const openEntrance = async (): Promise<void> => {
    const port = Number(/listen (\d+);/.exec(readText(place.file))?.[1] ?? defaultListenPort);
    if (entrances.has(port)) return;
    const entrance = createServer(answerVisitor);
    entrances.set(port, entrance);
    await listen(entrance, { address: place.address, port });
  };
  // Unknown paths belong to the single-page application, which answers every path with 200.
  const answerVisitor: RequestListener = (request, response) => {
    visits.push(Date.now());
    const generation = answering(visits.length);
    const isOwn = !behaviour.isShadowed && generation !== 'none' && request.url === `/meet-gen!live-${generation}`;
    response.writeHead(200, { connection: 'close' });
    response.end(isOwn ? `${generation} ${place.version ?? '1.22.1'}\n` : '<!doctype html>');
  };
  await openEntrance();
  const listenIn = (name: string): void =>
    world.onSignal(name, (signal) => {
      if (signal === 'HUP') reload();
    });
  listenIn(container);
  const boot = (): void => {
    serving = readGeneration(place.file);
    void openEntrance();
    old = { generation: serving, untilMs: 0 };
  };
  return {
    behaviour,
    generation: () => serving,
    asks,
    visits,
    signals,
    boot,
    moveTo(name) {
      listenIn(name);
      boot();
    },
    async closeEntrance() {
      await Promise.all([...entrances.values()].map(closeServer));
    },
    async close() {
      for (const timer of timers) clearTimeout(timer);
      await Promise.all([server, ...entrances.values()].map(closeServer));
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The generation in a published file; `none` if the file is missing or has no generation. */
export function readGeneration(file: string): string {
  try {
    return /return 200 "([0-9a-f]{16}) \$nginx_version\\n"/.exec(readFileSync(file, 'utf8'))?.[1] ?? 'none';
  } catch {
    return 'none';
  }
}

function listen(server: Server, { address, port }: Pick<NginxPlace, 'address' | 'port'>): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
}
