import { createServer, request, type IncomingMessage } from 'node:http';
import { rm } from 'node:fs/promises';
import type { WallClock } from './wall-clock.ts';

/** A call that the proxy passed on to the engine. */
export interface Call {
  readonly method: string;
  /** Without the API's version and the query. */
  readonly path: string;
  readonly begunAtMs: number;
  /** When the answer's last byte was passed on; absent before that, as for a stream of events. */
  readonly endedAtMs?: number;
  readonly bytes: number;
}

/** An event that the proxy passed on. */
interface PassedEvent {
  readonly atMs: number;
  readonly line: string;
}

/** The engine's API on another socket, where every call is counted. */
export interface CountingProxy {
  readonly socketPath: string;
  calls(): readonly Call[];
  events(): readonly PassedEvent[];
  /** The bytes of all answers between two moments, including events. */
  bytesBetween(fromMs: number, toMs: number): number;
  forget(): void;
  stop(): Promise<void>;
}

export async function startCountingProxy(engineSocket: string, socketPath: string, clock: WallClock): Promise<CountingProxy> {
  interface Counted {
    readonly method: string;
    readonly path: string;
    readonly begunAtMs: number;
    endedAtMs?: number;
    bytes: number;
  }
  const calls: Counted[] = [];
  const events: PassedEvent[] = [];
  const portions: { readonly atMs: number; readonly bytes: number }[] = [];
  const count = (answer: IncomingMessage, call: Counted): void => {
    let rest = '';
    answer.on('data', (chunk: Buffer) => {
      call.bytes += chunk.length;
      portions.push({ atMs: clock.now(), bytes: chunk.length });
      if (call.path !== '/events') return;
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) events.push({ atMs: clock.now(), line });
    });
    answer.on('end', () => (call.endedAtMs = clock.now()));
  };
  const server = createServer((asked, answering) => {
    const { method = 'GET', url = '/', headers } = asked;
    const path = url.replace(/^\/v[\d.]+/, '').replace(/\?.*$/, '');
    const call: Counted = { method, path, begunAtMs: clock.now(), bytes: 0 };
    calls.push(call);
    const passed = request({ socketPath: engineSocket, method, path: url, headers, agent: false }, (answer) => {
      count(answer, call);
      answering.writeHead(answer.statusCode ?? 502, answer.headers);
      answering.flushHeaders();
      answer.pipe(answering);
      answer.on('error', () => answering.destroy());
    });
    passed.on('error', () => answering.destroy());
    answering.on('close', () => passed.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject).listen(socketPath, resolve);
  });
  return {
    socketPath,
    calls: () => calls,
    events: () => events,
    bytesBetween: (fromMs, toMs) => portions.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).reduce((sum, { bytes }) => sum + bytes, 0),
    forget() {
      calls.length = 0;
      events.length = 0;
      portions.length = 0;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(socketPath, { force: true });
    },
  };
}
