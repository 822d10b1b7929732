/** The machine's wall clock in fractions of milliseconds. The engine stamps its events with the same clock. */
export interface WallClock {
  now(): number;
  /** Sets the clock by the system time, since `performance.now()` drifts from it within the hour. */
  set(): void;
}

export function createWallClock(): WallClock {
  let aheadMs = 0;
  const set = (): void => {
    const first = Date.now();
    let now = first;
    while (now === first) now = Date.now();
    aheadMs = now - performance.now();
  };
  set();
  return { now: () => aheadMs + performance.now(), set };
}
