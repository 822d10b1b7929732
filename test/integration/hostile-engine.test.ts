import { describe, expect } from 'vitest';
import { hostileAnswers } from '../support/hostile-engine/answers.ts';
import { calls } from '../support/hostile-engine/calls.ts';
import { checkAnswers, checkDoctor } from '../support/hostile-engine/check-answers.ts';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, problemCodes, test } from './scene.ts';

/*
 * An engine that answers with anything: every call, with every fourth answer. `endurance/hostile-engine.test.ts` has all
 * pairs, also the answers that only a deadline ends.
 */

const quick = hostileAnswers.filter(({ isSlow }) => isSlow !== true);

describe.concurrent('meet-gen run survives', () => {
  for (const [index, name] of Object.keys(calls).entries()) {
    test(`any answer to ${name}`, async ({ scene }) => {
      await checkAnswers(
        scene,
        name,
        quick.filter((_, at) => (at + index) % 4 === 0),
      );
    });
  }
});

describe.concurrent('meet-gen doctor survives', () => {
  for (const [index, answer] of quick.filter((_, at) => at % 4 === 0).entries()) {
    const which = index % 2 === 0 ? 'all but the list' : 'all';
    test(`${answer.name} as the answer to ${which}`, async ({ scene }) => {
      await checkDoctor(scene, which, answer);
    });
  }
});

test.concurrent('an unreadable entry of the list affects only its container, and is reported until it is removed', async ({ scene }) => {
  const { world, faults } = scene.engine;
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.backend('backend-2', 21);
  const good = JSON.parse(world.list(new Map(), { all: true, hasHealthField: false })) as readonly object[];
  const odd = { ...good.at(-1), Id: 'f'.repeat(64), Names: ['/odd'], Labels: [composeLabels('meet', 'odd', { 'meet.role': 'service' })] };
  const fault = faults.add({ method: 'GET', path: /^\/containers\/json$/, do: 'body', body: JSON.stringify([odd, {}, null, ...good]) });
  run.signal('SIGHUP');
  await waitUntil('both problems are reported', () => problemCodes(run).filter((code) => code === 'container-unreadable').length === 2);
  await scene.serves(`${scene.address(21)}:8000`);
  expect(await scene.content()).toContain(`${scene.address(20)}:8000`);
  const reported = (await scene.status()).problems.filter(({ code }) => code === 'container-unreadable');
  expect(reported.map(({ container, message }) => [container, /\((.*)\), so/.exec(message)?.[1]])).toEqual([
    ['entries-without-id', "2 entries of the engine's list have no usable id"],
    ['odd', "its labels aren't a JSON object"],
  ]);
  fault.lift();
  run.signal('SIGHUP');
  await waitUntil(
    'both problems are resolved',
    () => problemCodes(run, 'problemResolved').filter((code) => code === 'container-unreadable').length === 2,
  );
});

test.concurrent('a container whose entry becomes unreadable, or loses its id, stays in rotation', async ({ scene }) => {
  const { world, faults } = scene.engine;
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  const good = JSON.parse(world.list(new Map(), { all: true, hasHealthField: false })) as readonly { Names: readonly string[] }[];
  const backend = good.find(({ Names: [name] }) => name?.includes('backend'));
  const others = good.filter((entry) => entry !== backend);
  for (const odd of [
    { ...backend, Labels: [] },
    { ...backend, Id: '' },
  ]) {
    const body = JSON.stringify([...others, odd]);
    const reported = problemCodes(run).length;
    const fault = faults.add({ method: 'GET', path: /^\/containers\/json$/, do: 'body', body });
    run.signal('SIGHUP');
    await waitUntil('the entry is reported', () => problemCodes(run).slice(reported).includes('container-unreadable'));
    expect(await scene.content()).toContain(`${scene.address(20)}:8000`);
    const over = problemCodes(run, 'problemResolved').length;
    fault.lift();
    run.signal('SIGHUP');
    await waitUntil('the problem is resolved', () => problemCodes(run, 'problemResolved').slice(over).includes('container-unreadable'));
  }
  expect(await scene.content()).toContain(`${scene.address(20)}:8000`);
});

test.concurrent('closes and reports a stream with an endless line; skips a long line', async ({ scene }) => {
  const { engine } = scene;
  await scene.frontend('frontend');
  const run = scene.run();
  await scene.converged();
  engine.writeToEventStreams(`${'x'.repeat(2 * 1024 ** 2)}\n`);
  scene.backend('backend', 20);
  await scene.serves(`${scene.address(20)}:8000`);
  expect(engine.calls.filter(({ path }) => path === '/events')).toHaveLength(1);
  for (let part = 0; part <= 64; part += 1) engine.writeToEventStreams('x'.repeat(1024 ** 2));
  await waitUntil('the line without an end is reported', () => run.stderr().includes('longer than 67108864 bytes'));
  scene.backend('backend-2', 21);
  await scene.serves(`${scene.address(21)}:8000`);
  await waitUntil('the problem is resolved', () => problemCodes(run, 'problemResolved').includes('engine-unreachable'));
});
