import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningCommand } from '../support/built-command.ts';

const lookEveryMs = 2;
const readyWithinMs = 60_000;

/**
 * Waits until a newly started command is ready, by a request to its unix socket every 2 ms.
 * @returns when it was ready, by `performance.now()`
 */
export async function waitUntilReady(command: RunningCommand, socketPath: string): Promise<number> {
  const fromMs = performance.now();
  while (!(await isReady(socketPath))) {
    if (command.hasEnded()) throw new Error(`meet-gen ended before it was ready:\n${command.stderr()}`);
    if (performance.now() - fromMs > readyWithinMs)
      throw new Error(`meet-gen was not ready within ${readyWithinMs} ms:\n${command.stderr().slice(-2000)}`);
    await sleep(lookEveryMs);
  }
  return performance.now();
}

function isReady(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/readyz', agent: false }, (response) => {
      response.resume();
      response.on('close', () => resolve(response.statusCode === 200));
    });
    asked.on('error', () => resolve(false));
    asked.end();
  });
}
