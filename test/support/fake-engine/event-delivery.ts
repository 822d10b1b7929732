import type { FakeEvent } from './event.ts';
import type { FaultKind } from './faults.ts';

/** How long a swapped event waits for the next event. */
const neighbourMs = 20;

/**
 * Creates the delivery of events to one stream, with the stream's fault.
 * @param later runs a function after so many milliseconds, unless the engine ends first
 */
export function createDelivery(
  fault: FaultKind | undefined,
  write: (event: FakeEvent) => void,
  later: (delayMs: number, run: () => void) => void,
): (event: FakeEvent) => void {
  if (fault?.do === 'swap') return swapping(write, later);
  if (fault?.do === 'repeat') {
    return (event) => {
      write(event);
      write(event);
    };
  }
  let nth = 0;
  return (event) => {
    nth += 1;
    if (!isLost(fault, event, nth)) write(event);
  };
}

function isLost(fault: FaultKind | undefined, event: FakeEvent, nth: number): boolean {
  if (fault?.do === 'half-open') return nth > (fault.afterEvents ?? 0);
  return fault?.do === 'lose' && fault.which(event, nth);
}

function swapping(write: (event: FakeEvent) => void, later: (delayMs: number, run: () => void) => void): (event: FakeEvent) => void {
  let held: FakeEvent | undefined;
  return (event) => {
    const before = held;
    held = undefined;
    if (before !== undefined) {
      write(event);
      write(before);
      return;
    }
    held = event;
    later(neighbourMs, () => {
      if (held !== event) return;
      held = undefined;
      write(event);
    });
  };
}
