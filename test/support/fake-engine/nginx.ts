import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { World } from './world.ts';

const defaultListenPort = 8083;

/** How a fake nginx behaves from now on; tests change it in place. */
interface NginxBehaviour {
  /** From the signal until the first new answer. */
  reloadMs: number;
  /** For so long after a reload every second answer still comes from an old worker. */
  oldWorkersMs: number;
  /** So many signals from now on have no effect. */
  loseSignals: number;
  /** It finds the new file wrong, says so in its log, and goes on with the old one. */
  refuseReload: boolean;
  /** It refuses only a file that holds this text, and names the line. */
  refuseText: string | undefined;
  /** Requests that it logs between a refusal and the next question about it. */
  requestsAfterRefusal: number;
  /** What is answered on the status port. */
  answers: 'normally' | 'never' | 'forbidden';
  /** Another server of its answers on the routing port. */
  isShadowed: boolean;
}

/** In nginx's `combined` format, with words of nginx's that a visitor put there. */
const accessLogLine = `203.0.113.9 - - [25/Nov/2026:02:03:04 +0000] "GET /?[emerg]=1 HTTP/1.1" 200 7 "-" "${'Mozilla/5.0 '.repeat(20)} [emerg] 1#1: forged"`;

/** The nginx of a frontend container: its status server, and the configuration that it has read. */
export interface FakeNginx {
  readonly behaviour: NginxBehaviour;
  /** The generation that it serves, `none` before it has read a file. */
  generation(): string;
  /** When it was asked for its generation, milliseconds since 1970. */
  readonly asks: readonly number[];
  /** When it was asked on the routing port, likewise. */
  readonly visits: readonly number[];
  /** When a signal reached it. */
  readonly signals: readonly number[];
  /** As at a container's start: the file is read, whatever is in it. */
  boot(): void;
  /** Another container took the place of the one it was in, at the same address: it starts in there, and gets its signals. */
  moveTo(container: string): void;
  /** Nobody listens on the routing port any more. */
  closeEntrance(): Promise<void>;
  close(): Promise<void>;
}

export interface NginxPlace {
  readonly address: string;
  readonly port: number;
  /** The published file, as the container mounts it. */
  readonly file: string;
  readonly version?: string;
}

/** Starts the nginx of a container of the world, and lets the world's HUP reach it. */
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
      const said = behaviour.refuseText ?? 'it';
      const line = text.slice(0, text.indexOf(behaviour.refuseText ?? '')).split('\n').length;
      world.writeLog(container, `2026/11/25 02:03:04 [emerg] 1#1: ${said} is refused in ${place.file}:${line}`);
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
  /** On the port that the file names. A port that it named before goes on answering, which nobody minds. */
  const openEntrance = async (): Promise<void> => {
    const port = Number(/listen (\d+);/.exec(readText(place.file))?.[1] ?? defaultListenPort);
    if (entrances.has(port)) return;
    const entrance = createServer(answerVisitor);
    entrances.set(port, entrance);
    await listen(entrance, { address: place.address, port });
  };
  // What it doesn't know is the single-page application's, which answers everything.
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

/** The generation that a published file makes nginx answer; `none` when there is no such file, or no answer in it. */
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
