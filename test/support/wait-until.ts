/** Looks cost processor time, here and in what is looked at: the longer a wait or a look takes, the rarer they are. */
const firstPollMs = 5;
const longestPollMs = 50;
const longestPauseMs = 500;

/**
 * Waits for a condition, looking again and again; never a fixed pause.
 * @param what the condition in words, for the failure's message
 * @returns the first value that is neither undefined nor false
 * @throws Error when it has not come true after `limitMs`, with what `describe` tells then
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
    if (Date.now() > untilMs) throw new Error(`waited ${limitMs} ms in vain: ${what}\n${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, Math.max(pollMs, Math.min(performance.now() - startMs, longestPauseMs))));
  }
}
