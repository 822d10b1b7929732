import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';

/** A relay of an engine's socket that notes when the client receives each event. */
export interface EventRelay {
  readonly host: string;
  /** When the first of these events about a container came, since `forget`, in milliseconds since 1970. */
  receivedAtMs(containerId: string, actions: readonly string[]): number | undefined;
  forget(): void;
  stop(): void;
}

interface ReceivedEvent {
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string };
}

/** Listens at `socket` and connects each client to the engine. Reads the answers along the way, and changes nothing. */
export async function startEventRelay(engineSocket: string, socket: string): Promise<EventRelay> {
  const received: { readonly atMs: number; readonly event: ReceivedEvent }[] = [];
  const server = createServer((client) => {
    const engine = connect(engineSocket);
    const copy = new PassThrough();
    createInterface(copy).on('line', (line) => {
      const event = parseEvent(line);
      if (event !== undefined) received.push({ atMs: Date.now(), event });
    });
    engine.on('data', (data) => void copy.write(data));
    for (const end of [client, engine])
      end.on('error', () => undefined).on('close', () => void [client, engine, copy].map((one) => one.destroy()));
    client.pipe(engine).pipe(client);
  });
  server.listen(socket);
  await once(server, 'listening');
  return {
    host: `unix://${socket}`,
    receivedAtMs: (id, actions) =>
      received.find(({ event }) => event.Actor?.ID === id && event.Action !== undefined && actions.includes(event.Action))?.atMs,
    forget: () => void (received.length = 0),
    stop: () => void server.close(),
  };
}

/** The lines of a chunked answer are its sizes, its headers, and one event each. */
function parseEvent(line: string): ReceivedEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as ReceivedEvent;
  } catch {
    return undefined;
  }
}
