import type { Socket } from 'node:net';
import type { FakeEvent } from './event.ts';

/** The kinds of faults of a call. */
export type FaultKind =
  /** Another status, with an error message in the engine's form. */
  | { readonly do: 'status'; readonly status: number; readonly message?: string; readonly location?: string }
  /** No answer. The connection stays open. */
  | { readonly do: 'hang' }
  /** A later answer, with the world at that time. */
  | { readonly do: 'delay'; readonly ms: number }
  /** A later answer, with the world at the time of the request: it may be out of date. */
  | { readonly do: 'late'; readonly until: Promise<unknown> }
  /** Something happens between the request and its answer. The answer is current. */
  | { readonly do: 'meanwhile'; readonly run: () => unknown }
  /** The connection ends before the first byte. */
  | { readonly do: 'drop' }
  /** The connection ends in the middle of the body. An event stream ends right after its head. */
  | { readonly do: 'cut' }
  /** A complete answer with another body. */
  | { readonly do: 'body'; readonly body: string }
  /** Any bytes on the connection; not necessarily HTTP. */
  | { readonly do: 'raw'; readonly send: (connection: Socket) => void }
  /** The body, or each event, in pieces of this size. */
  | { readonly do: 'split'; readonly bytes: number }
  /** The body in pieces of this size, with pauses in between. */
  | { readonly do: 'trickle'; readonly bytes: number; readonly everyMs: number }
  /** The event stream stays open, but no event arrives after this many. Default: 0. */
  | { readonly do: 'half-open'; readonly afterEvents?: number }
  /** These events are lost. `nth` counts from 1. */
  | { readonly do: 'lose'; readonly which: (event: FakeEvent, nth: number) => boolean }
  /** Every event arrives twice. */
  | { readonly do: 'repeat' }
  /** Two events in a row swap places. An event without a next event arrives a little late. */
  | { readonly do: 'swap' };

/** A fault, and the calls that it applies to. */
type Fault = FaultKind & {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  /** Only calls with such a `filters` parameter. */
  readonly filters?: RegExp;
  /** The number of calls that it applies to. Default: all. */
  readonly times?: number;
};

/** The active faults. The first that matches a call applies. */
export interface Faults {
  /** @returns the number of calls with this fault so far, and how to lift it */
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
