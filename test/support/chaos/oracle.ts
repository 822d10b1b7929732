import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StatusSnapshot } from '../../../src/status/snapshot.ts';
import { waitUntil } from '../wait-until.ts';
import type { Actor } from './actor.ts';
import type { Place } from './place.ts';
import { expectedAnswers, frontends, kindOf, runningFrontends, scaledNames, slots } from './world.ts';
import type { Answers, Box, World } from './world.ts';

// Judges a Meet at a quiet point: the published file, what nginx serves and what a fresh `render` says are the same, and
// requests reach whom the world says. meet-gen has a while to get there, but nothing more happens meanwhile.

const lookAround = readFileSync(fileURLToPath(new URL('./look-around.mjs', import.meta.url)), 'utf8');
const settleLimitMs = 30_000;
/** Far more than meet-gen needs; its resync comes after an hour. */
const convergeLimitMs = 20_000;
const generationAsks = 10;
const mostAsks = 80;
/** Known to meet-gen alone, and over by themselves: a fresh render can't have them. */
const passing: ReadonlySet<string> = new Set(['crash-loop', 'reloads-held-back']);

interface Seen {
  readonly file: string;
  readonly frontends: Readonly<Record<string, { readonly generations: readonly string[]; readonly answers: Answers }>>;
}

/** Waits until the engine is where the world is, and then until meet-gen is; returns how long meet-gen took. */
export async function judgeQuietPoint(place: Place, actor: Actor, world: World): Promise<number> {
  await engineSettled(place, actor, world);
  const sinceMs = Date.now();
  let wrong = '';
  try {
    await waitUntil(
      'the published file, what nginx serves, a fresh render and the answers are the same',
      async () => {
        wrong = (await whatIsWrong(place, actor, world)) ?? '';
        return wrong === '';
      },
      convergeLimitMs,
    );
  } catch (cause) {
    throw new Error(wrong, { cause });
  }
  return Date.now() - sinceMs;
}

/** The walk's own idea of the world is checked first: else the engine's behaviour would be taken for meet-gen's. */
async function engineSettled({ meet }: Place, actor: Actor, world: World): Promise<void> {
  const expected = statesOf(world);
  const ids = slots.flatMap((slot) => actor.idOf(slot) ?? []);
  const health = '{{if eq .State.Status "running"}}{{with .State.Health}} {{.Status}}{{end}}{{end}}';
  const format = `{{.Name}} {{.State.Status}}${health}{{range $name, $_ := .NetworkSettings.Networks}} {{$name}}{{end}}`;
  let seen: readonly string[] = [];
  await waitUntil(
    'the engine has done it all',
    async () => {
      const names = [...Object.keys(world.frontends), ...scaledNames(world.scale)].map(meet.container);
      const told = await meet.docker('inspect', '--format', format, ...ids, ...names).catch(() => undefined);
      if (told === undefined) return false;
      seen = told
        .trim()
        .split('\n')
        .map((line) => shorten(line, meet))
        .toSorted();
      return seen.join() === expected.join();
    },
    settleLimitMs,
    () => `expected ${JSON.stringify(expected)}\nseen     ${JSON.stringify(seen)}`,
  );
}

/** `/p-alder running p_internal healthy` becomes `alder healthy internal running`. */
function shorten(line: string, { project, proxyNetwork }: Place['meet']): string {
  const short = line.slice(1).replaceAll(proxyNetwork, 'proxy').replaceAll(`${project}_`, '').replaceAll(`${project}-`, '').trim();
  return inOrder(...short.split(' '));
}

/** The name first, the rest by the alphabet. */
function inOrder(name = '', ...words: readonly string[]): string {
  return [name, ...words.toSorted()].join(' ');
}

function statesOf(world: World): readonly string[] {
  const ofFrontends = frontends.flatMap((name) => {
    const state = world.frontends[name];
    return state === undefined ? [] : [inOrder(name, state, 'internal', 'proxy')];
  });
  const ofBoxes = slots.flatMap((slot) => {
    const box = world.boxes[slot];
    return box === undefined ? [] : [stateOf(slot, box)];
  });
  return [...ofFrontends, ...scaledNames(world.scale).map((name) => inOrder(name, 'running', 'internal')), ...ofBoxes].toSorted();
}

function stateOf(slot: string, box: Box): string {
  const health = box.state === 'running' && kindOf(box.kind).checked === true ? [box.sick ? 'unhealthy' : 'healthy'] : [];
  return inOrder(box.renamed ? `${slot}-renamed` : slot, box.state, ...health, ...box.networks);
}

/** What isn't as it should be, in words, or nothing. */
async function whatIsWrong(place: Place, actor: Actor, world: World): Promise<string | undefined> {
  const status = await place.meetGen.status().catch((error: unknown) => String(error));
  const unready = typeof status === 'string' ? `no status: ${status}` : whyNotConverged(status);
  if (unready !== undefined) return unready;
  const answers = withHosts(expectedAnswers(world), actor, await hostsOf(place, world));
  const seen = await look(place, world, answers);
  const rendered = await place.meetGen.render();
  if (rendered !== seen.file) return `a fresh render differs from the published file:\n${firstDifference(seen.file, rendered)}`;
  const generation = /return 200 "([0-9a-f]{16}) /.exec(seen.file)?.[1] ?? 'none';
  for (const [frontend, { generations, answers: given }] of Object.entries(seen.frontends)) {
    if (generations.some((one) => one !== generation))
      return `${frontend} serves ${[...new Set(generations)].join(', ')}, published is ${generation}`;
    for (const [path, expected] of Object.entries(answers)) {
      if (given[path]?.toSorted().join() !== expected.toSorted().join())
        return `${frontend} at ${path}: expected ${expected.join()}, answered ${given[path]?.join()}`;
    }
  }
  return undefined;
}

function whyNotConverged(status: StatusSnapshot): string | undefined {
  if (!status.converged) return 'meet-gen is not converged';
  const passed = status.problems.find(({ code }) => passing.has(code));
  return passed === undefined ? undefined : `not quiet yet: ${passed.message}`;
}

/** A backend tells its host name, which is the beginning of its container's id. */
function withHosts(answers: Answers, actor: Actor, scaled: ReadonlyMap<string, string>): Answers {
  const hostOf = (name: string): string => {
    const id = scaled.get(name) ?? slots.filter((slot) => slot === name).map((slot) => actor.idOf(slot))[0];
    return id?.slice(0, 12) ?? name;
  };
  return Object.fromEntries(Object.entries(answers).map(([path, names]) => [path, names.map(hostOf)]));
}

async function hostsOf({ meet }: Place, { scale }: World): Promise<ReadonlyMap<string, string>> {
  if (scale === 0) return new Map();
  const told = await meet.docker('inspect', '--format', '{{.Name}} {{.Id}}', ...scaledNames(scale).map(meet.container));
  const pairs = told
    .trim()
    .split('\n')
    .map((line) => shorten(line, meet).split(' '));
  return new Map(pairs.map(([name = '', id = '']) => [name, id]));
}

async function look({ meet }: Place, world: World, answers: Answers): Promise<Seen> {
  const names = runningFrontends(world);
  const addresses = await Promise.all(names.map((name) => meet.address(name, meet.internalNetwork)));
  const question = {
    frontends: Object.fromEntries(names.map((name, index) => [name, addresses[index]])),
    answers,
    generationAsks,
    mostAsks,
  };
  const told = await meet.tool('node', '--input-type=module', '--eval', lookAround, JSON.stringify(question));
  return JSON.parse(told) as Seen;
}

function firstDifference(published: string, rendered: string): string {
  const [left, right] = [published.split('\n'), rendered.split('\n')];
  const at = left.findIndex((line, index) => line !== right[index]);
  return `line ${at + 1}\npublished: ${left.slice(at, at + 4).join('\n')}\nrendered:  ${right.slice(at, at + 4).join('\n')}`;
}
