import { expect } from 'vitest';
import { hostileTargets, ordinaryTargets } from './targets.ts';
import { findByPasses } from './world.ts';
import type { Outcome, UrlWorld } from './world.ts';

/**
 * Sends hostile targets. No service may get a target that it could read as a guarded path; S3 may get only plain names.
 */
export async function attackUrls(world: UrlWorld, seed: number, count: number): Promise<void> {
  const outcomes = await world.ask(hostileTargets(seed, count));
  expect((await findByPasses(outcomes)).slice(0, 20)).toEqual([]);
  expect(outcomes.filter(({ by, target }) => by === 'minio' && !isPlainFile(target))).toEqual([]);
  expect(outcomes.filter(({ status }) => ![200, 400, 403, 404].includes(status))).toEqual([]);
  // Some of the targets must reach a guarded service, otherwise they prove nothing.
  expect(outcomes.filter(({ by }) => by === 'app').length).toBeGreaterThan(count / 500);
}

/** Sends ordinary targets. Each must reach its service with exactly the bytes that were sent. */
export async function expectOrdinaryServed(world: UrlWorld, seed: number, count: number): Promise<void> {
  const outcomes = await world.ask(ordinaryTargets(seed, count, ['/app', '/api', '/free']));
  expect(outcomes.filter((outcome) => !isServed(outcome)).slice(0, 20)).toEqual([]);
}

function isServed({ target, by, got }: Outcome): boolean {
  return got === asLatin1(target) && by === { '/app': 'app', '/api': 'backend', '/fre': 'free' }[target.slice(0, 4)];
}

/** Targets are sent in UTF-8, and read back as one character per byte. */
const asLatin1 = (text: string): string => Buffer.from(text).toString('latin1');

const isPlainFile = (target: string): boolean => /^\/media\/(?:recordings|files)\/[\w-]+\.\w+(?:\?|$)/.test(target);
