/** Operations of Node's thread pool, by Node's names. */
const poolWork: Readonly<Record<string, string>> = {
  FSReqPromise: 'a file operation',
  FSReqCallback: 'a file operation',
  GetAddrInfoReqWrap: 'a look-up of a name',
};
const checkMs = 10;
/** Enough for a file operation that doesn't hang. */
const graceMs = 100;

/** The operations that keep this process from ending. */
export function pendingOperations(): readonly string[] {
  return [...new Set(process.getActiveResourcesInfo().map((name) => poolWork[name] ?? name))];
}

/**
 * Ends the process with an exit code. exit(3) waits for the threads of the pool, and a thread that hangs in a system
 * call never ends. Then the process sends itself SIGKILL (137). The first process of a container is immune to its own
 * SIGKILL, so it aborts (139).
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
