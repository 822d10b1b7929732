import { setTimeout as sleep } from 'node:timers/promises';
import type { DrainState } from '../sidecar/drain/drain-control.ts';
import type { Options } from '../options.ts';
import { statusSockets } from '../publish/out-directory.ts';
import { askFirst, nobodyAnswers } from '../server/ask.ts';

/** What a drain came to: lines for people, and whether all of the containers can be stopped now. */
export interface DrainReport {
  readonly lines: readonly string[];
  readonly done: boolean;
}

const askTimeoutMs = 3000;
const pollMs = 100;

/**
 * Has the running sidecar take containers out of rotation, and waits until every frontend is proven to send them nothing
 * new. Where that doesn't come true in time, or the signal aborts, they are let in again: a failed drain leaves nothing behind.
 */
export async function drain(options: Options, names: readonly string[], limitMs: number, signal: AbortSignal): Promise<DrainReport> {
  const sockets = await statusSockets(options.out);
  const begun = await ask(sockets, '/drain', names);
  if (typeof begun === 'string') return { lines: [begun], done: false };
  const ids = begun.map(({ id }) => id);
  const untilMs = performance.now() + limitMs;
  let states = begun;
  while (!states.every(isOut) && performance.now() < untilMs && !signal.aborted) {
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    // What it can't answer now it may answer in a moment: it may be restarting, and keeps what it was told.
    const answer = await ask(sockets, '/drain', ids);
    if (typeof answer !== 'string') states = answer;
  }
  if (states.every(isOut)) return { lines: states.map(lineOf), done: true };
  await ask(sockets, '/drain/cancel', ids);
  return { lines: [...states.map(lineOf), 'not done in time; all of the containers take requests again'], done: false };
}

/** Lets drained containers take requests again. */
export async function cancelDrain(options: Options, names: readonly string[]): Promise<DrainReport> {
  const answer = await ask(await statusSockets(options.out), '/drain/cancel', names);
  if (typeof answer === 'string') return { lines: [answer], done: false };
  return { lines: answer.map(({ container }) => `${container}: takes requests again`), done: true };
}

function isOut({ state }: DrainState): boolean {
  return state === 'out' || state === 'gone';
}

function lineOf({ container, state, reason }: DrainState): string {
  const words = { out: 'out, it can be stopped', gone: 'out', leaving: 'not out yet', needed: 'still needed' };
  return `${container}: ${words[state]}: ${reason}`;
}

/** @returns the containers' states, or in words why there are none */
async function ask(sockets: readonly string[], path: string, containers: readonly string[]): Promise<readonly DrainState[] | string> {
  const query = new URLSearchParams(containers.map((container): [string, string] => ['container', container]));
  const answer = await askFirst(sockets, `${path}?${query.toString()}`, askTimeoutMs, 'POST');
  if (answer === undefined) return nobodyAnswers(sockets);
  const { containers: states, error } = JSON.parse(answer.body) as { containers?: readonly DrainState[]; error?: string };
  return states ?? error ?? `the running meet-gen answers ${answer.status}; its version may differ from this one`;
}
