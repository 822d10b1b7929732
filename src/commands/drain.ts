import { setTimeout as sleep } from 'node:timers/promises';
import type { DrainState } from '../sidecar/drain/drain-control.ts';
import type { Options } from '../options.ts';
import { statusSockets } from '../publish/out-directory.ts';
import { askFirst, nobodyAnswers } from '../server/ask.ts';

/** `lines` are for people; `done` is true if all containers can be stopped now. */
export interface DrainReport {
  readonly lines: readonly string[];
  readonly done: boolean;
}

const askTimeoutMs = 3000;
const pollMs = 100;

/**
 * Drains containers through the running sidecar, and waits for the proof that no frontend sends them new requests.
 * After the limit, or when the signal aborts, the containers go back into rotation: a failed drain changes nothing.
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
    // The sidecar may be restarting, and keeps its drains.
    const answer = await ask(sockets, '/drain', ids);
    if (typeof answer !== 'string') states = answer;
  }
  if (states.every(isOut)) return { lines: states.map(lineOf), done: true };
  await ask(sockets, '/drain/cancel', ids);
  return { lines: [...states.map(lineOf), 'not done in time; all of the containers take requests again'], done: false };
}

/** Puts drained containers back into rotation. */
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

/** @returns the states of the containers, or the reason for the failure */
async function ask(sockets: readonly string[], path: string, containers: readonly string[]): Promise<readonly DrainState[] | string> {
  const query = new URLSearchParams(containers.map((container): [string, string] => ['container', container]));
  const answer = await askFirst(sockets, `${path}?${query.toString()}`, askTimeoutMs, 'POST');
  if (answer === undefined) return nobodyAnswers(sockets);
  const { containers: states, error } = JSON.parse(answer.body) as { containers?: readonly DrainState[]; error?: string };
  return states ?? error ?? `the running meet-gen answers ${answer.status}; its version may differ from this one`;
}
