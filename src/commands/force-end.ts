/** What Node's thread pool works on, by Node's own names for it. */
const poolWork: Readonly<Record<string, string>> = {
  FSReqPromise: 'a file operation',
  FSReqCallback: 'a file operation',
  GetAddrInfoReqWrap: 'a look-up of a name',
};
const checkMs = 10;
/** A file operation that doesn't hang is over by then. */
const graceMs = 100;

/** What keeps this process from ending by itself, in words where there are any. */
export function whatIsUnderWay(): readonly string[] {
  return [...new Set(process.getActiveResourcesInfo().map((name) => poolWork[name] ?? name))];
}

/**
 * Ends the process with a code. exit(3) waits for the threads of the pool, and one that hangs in a system call never ends: then it
 * takes SIGKILL, which shows as 137. The first process of a container is immune to its own SIGKILL, so it is aborted (139).
 */
export function forceEnd(code: number, waitedMs = 0): void {
  if (!isPoolBusy()) process.exit(code);
  if (waitedMs < graceMs) {
    setTimeout(() => forceEnd(code, waitedMs + checkMs), checkMs);
    return;
  }
  process.kill(process.pid, 'SIGKILL');
  process.abort();
}

function isPoolBusy(): boolean {
  return process.getActiveResourcesInfo().some((name) => Object.hasOwn(poolWork, name));
}
