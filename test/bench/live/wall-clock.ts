/** The machine's wall clock in milliseconds with fractions: the engine's events are stamped with the same one. */
export interface WallClock {
  now(): number;
  /** Sets it by the wall's clock: the clock beneath it drifts within the hour. */
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
