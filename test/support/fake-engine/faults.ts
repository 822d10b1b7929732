import type { Socket } from 'node:net';
import type { FakeEvent } from './event.ts';

/** What goes wrong with a call. */
export type FaultKind =
  /** Another status, with the engine's own kind of message. */
  | { readonly do: 'status'; readonly status: number; readonly message?: string; readonly location?: string }
  /** Never an answer, the connection stays. */
  | { readonly do: 'hang' }
  /** The answer comes later, as the world is then. */
  | { readonly do: 'delay'; readonly ms: number }
  /** The answer comes later, and shows the world as it was when it was asked: overtaken by then, perhaps. */
  | { readonly do: 'late'; readonly until: Promise<unknown> }
  /** Something happens between the question and its answer, which is then as it should be. */
  | { readonly do: 'meanwhile'; readonly run: () => unknown }
  /** The connection ends before the first byte. */
  | { readonly do: 'drop' }
  /** The connection ends in the middle of the body; of an event stream, at once after its head. */
  | { readonly do: 'cut' }
  /** A complete answer with another body. */
  | { readonly do: 'body'; readonly body: string }
  /** Whatever is written to the connection, which need not be HTTP. */
  | { readonly do: 'raw'; readonly send: (connection: Socket) => void }
  /** The body, or every event, in pieces of so many bytes. */
  | { readonly do: 'split'; readonly bytes: number }
  /** The body in pieces of so many bytes, with a pause between them. */
  | { readonly do: 'trickle'; readonly bytes: number; readonly everyMs: number }
  /** Of an event stream: it stays open, and nothing ever comes, or nothing after so many events. */
  | { readonly do: 'half-open'; readonly afterEvents?: number }
  /** Of an event stream: these events never come; `nth` counts from 1. */
  | { readonly do: 'lose'; readonly which: (event: FakeEvent, nth: number) => boolean }
  /** Of an event stream: every event comes twice. */
  | { readonly do: 'repeat' }
  /** Of an event stream: each two neighbours change places; one without a neighbour comes a little late. */
  | { readonly do: 'swap' };

/** A fault and the calls that it befalls. */
type Fault = FaultKind & {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  /** Only calls whose `filters` parameter looks like this. */
  readonly filters?: RegExp;
  /** How many calls it befalls; all, unless told. */
  readonly times?: number;
};

/** The faults that are set; the first that fits a call befalls it. */
export interface Faults {
  /** @returns how many calls it befell so far, and how to lift it */
  add(fault: Fault): { hits(): number; lift(): void };
  clear(): void;
  /** The fault of this call, counted. */
  take(method: string, path: string, filters: string): FaultKind | undefined;
}

/** Creates a table without faults. */
export function createFaults(): Faults {
  const set = new Map<Fault, number>();
  return {
    add(fault) {
      set.set(fault, 0);
      let hits = 0;
      return {
        hits: () => (hits = set.get(fault) ?? hits),
        lift() {
          hits = set.get(fault) ?? hits;
          set.delete(fault);
        },
      };
    },
    clear: () => set.clear(),
    take(method, path, filters) {
      for (const [fault, hits] of set) {
        const fits = fault.method === method && fault.path.test(path) && (fault.filters?.test(filters) ?? true);
        if (!fits || hits >= (fault.times ?? Infinity)) continue;
        set.set(fault, hits + 1);
        return fault;
      }
      return undefined;
    },
  };
}
