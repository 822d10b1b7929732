import { expect, it } from 'vitest';
import { createEngineAnswers } from '../../../src/reader/engine-answers.ts';
import type { EngineAnswers } from '../../../src/reader/engine-answers.ts';
import { dockerService, dockerTask, dockerVersion } from '../../support/swarm/docker-json.ts';

/** An engine whose answers the test sets, and a clock that moves past each answer's age at every look. */
function createBench(): { readonly answers: Record<string, unknown>; readonly look: () => EngineAnswers } {
  const answers: Record<string, unknown> = { '/version': dockerVersion, '/services': [dockerService()], '/tasks': [dockerTask()] };
  let nowMs = 0;
  const view = createEngineAnswers(
    { get: ({ path }) => Promise.resolve(Buffer.from(JSON.stringify(answers[path]))) },
    { worked: () => undefined, failed: () => undefined },
    () => nowMs,
    new AbortController().signal,
  );
  return {
    answers,
    look: () => {
      nowMs += 1000;
      return view;
    },
  };
}

it('reads an unchanged answer once', async () => {
  const { answers, look } = createBench();
  const [services, tasks] = [await look().services(), await look().tasks()];
  expect(await look().services()).toBe(services);
  expect(await look().tasks()).toBe(tasks);
  answers['/tasks'] = [dockerTask({ id: 'another' })];
  const changed = await look().tasks();
  expect(changed.hash).not.toBe(tasks.hash);
  expect(JSON.parse(String(changed.bytes))).toMatchObject([{ ID: 'another' }]);
});

it('shows other tasks when only their service gets or loses a role', async () => {
  const { answers, look } = createBench();
  const withRole = async (labels: Readonly<Record<string, string>>): Promise<unknown> => {
    answers['/services'] = [dockerService({ containerLabels: {}, labels })];
    return JSON.parse(String((await look().tasks()).bytes));
  };
  answers['/tasks'] = [dockerTask({ labels: {} })];
  expect(await withRole({})).toEqual([]);
  expect(await withRole({ 'meet.role': 'backend' })).toHaveLength(1);
  expect(await withRole({})).toEqual([]);
});

it('gives an answer that differs only in hidden fields the same ETag', async () => {
  const { answers, look } = createBench();
  const { hash } = await look().tasks();
  answers['/tasks'] = [{ ...dockerTask(), UpdatedAt: '2026-11-30T00:00:00Z', Name: 'other' }];
  expect((await look().tasks()).hash).toBe(hash);
});
