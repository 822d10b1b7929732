/**
 * Each poll costs processor time, in the test and in the program it asks. So polls become rarer with a longer wait or
 * poll.
 */
const firstPollMs = 5;
const longestPollMs = 50;
const longestPauseMs = 500;

/**
 * Waits for a condition by polling, never for a fixed time.
 * @param what the condition as a clause, for the error message
 * @returns the first value other than undefined and false
 * @throws Error if the condition isn't true after `limitMs`, with the text of `describe`
 */
export async function waitUntil<Value>(
  what: string,
  look: () => Value | undefined | false | Promise<Value | undefined | false>,
  limitMs = 60_000,
  describe: () => string = () => '',
): Promise<Value> {
  const untilMs = Date.now() + limitMs;
  for (let pollMs = firstPollMs; ; pollMs = Math.min(pollMs * 1.25, longestPollMs)) {
    const startMs = performance.now();
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > untilMs) throw new Error(`not true after ${limitMs} ms: ${what}\n${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, Math.max(pollMs, Math.min(performance.now() - startMs, longestPauseMs))));
  }
}
