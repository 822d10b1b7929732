import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StatusSnapshot } from '../../../src/status/snapshot.ts';
import { waitUntil } from '../wait-until.ts';
import type { Actor } from './actor.ts';
import type { Place } from './place.ts';
import { expectedAnswers, frontends, hasDisagreement, kindOf, runningFrontends, scaledNames, slots } from './world.ts';
import type { Answers, Box, World } from './world.ts';

// Judges a Meet at a quiet point. The published file, a new `render` and nginx's generation must agree, and requests
// must reach the expected containers. meet-gen has a time limit to get there, without further changes.

const lookAround = readFileSync(fileURLToPath(new URL('./look-around.mjs', import.meta.url)), 'utf8');
const settleLimitMs = 30_000;
/** Far more than meet-gen needs. Its resync comes only after an hour. */
const convergeLimitMs = 20_000;
/** A replica that left the rotation decides no settings for a minute. A new render doesn't have that memory. */
const undecidedForMs = 60_000 + convergeLimitMs;
const generationAsks = 10;
const mostAsks = 80;
/** Problems that only a running meet-gen knows and that end automatically. A new render can't have them. */
const passing: ReadonlySet<string> = new Set(['crash-loop', 'reloads-held-back']);

interface Seen {
  readonly file: string;
  readonly frontends: Readonly<Record<string, { readonly generations: readonly string[]; readonly answers: Answers }>>;
}

/** Waits until the engine, then meet-gen, has reached the state of the world; returns how long meet-gen took. */
export async function judgeQuietPoint(place: Place, actor: Actor, world: World): Promise<number> {
  await engineSettled(place, actor, world);
  const sinceMs = Date.now();
  let wrong = '';
  try {
    await waitUntil(
      'the published file, a new render, the generations and the answers agree',
      async () => {
        wrong = (await findDifference(place, actor, world)) ?? '';
        return wrong === '';
      },
      convergeLimitMs,
    );
  } catch (cause) {
    throw new Error(wrong, { cause });
  }
  return Date.now() - sinceMs;
}

/** Checks the engine against the world first, so that the engine's behaviour isn't blamed on meet-gen. */
async function engineSettled({ meet }: Place, actor: Actor, world: World): Promise<void> {
  const expected = statesOf(world);
  const ids = slots.flatMap((slot) => actor.idOf(slot) ?? []);
  const health = '{{if eq .State.Status "running"}}{{with .State.Health}} {{.Status}}{{end}}{{end}}';
  const format = `{{.Name}} {{.State.Status}}${health}{{range $name, $_ := .NetworkSettings.Networks}} {{$name}}{{end}}`;
  let seen: readonly string[] = [];
  await waitUntil(
    'the engine shows the containers of the world',
    async () => {
      const names = [...Object.keys(world.frontends), ...scaledNames(world.scale)].map(meet.container);
      const output = await meet.docker('inspect', '--format', format, ...ids, ...names).catch(() => undefined);
      if (output === undefined) return false;
      seen = output
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

/** The name first, then the words in alphabetical order. */
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

/** The first difference from the expected state, for the failure's message. */
async function findDifference(place: Place, actor: Actor, world: World): Promise<string | undefined> {
  const status = await place.meetGen.status().catch((error: unknown) => String(error));
  const unready = typeof status === 'string' ? `no status: ${status}` : whyNotConverged(status);
  if (unready !== undefined) return unready;
  const answers = withHosts(expectedAnswers(world), actor, await hostsOf(place, world));
  const seen = await look(place, world, answers);
  const rendered = await place.meetGen.render();
  const mayDecideLater = hasDisagreement(world) && Date.now() < actor.lastLeaveAtMs() + undecidedForMs;
  const compared = mayDecideLater ? serversOf : (file: string): string => file;
  const [published, wanted] = [compared(seen.file), compared(rendered)];
  if (published !== wanted) return `a new render differs from the published file:\n${firstDifference(published, wanted)}`;
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

/** A backend reports its host name, the first 12 digits of its container's id. */
function withHosts(answers: Answers, actor: Actor, scaled: ReadonlyMap<string, string>): Answers {
  const hostOf = (name: string): string => {
    const id = scaled.get(name) ?? slots.filter((slot) => slot === name).map((slot) => actor.idOf(slot))[0];
    return id?.slice(0, 12) ?? name;
  };
  return Object.fromEntries(Object.entries(answers).map(([path, names]) => [path, names.map(hostOf)]));
}

async function hostsOf({ meet }: Place, { scale }: World): Promise<ReadonlyMap<string, string>> {
  if (scale === 0) return new Map();
  const output = await meet.docker('inspect', '--format', '{{.Name}} {{.Id}}', ...scaledNames(scale).map(meet.container));
  const pairs = output
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
  const output = await meet.tool('node', '--input-type=module', '--eval', lookAround, JSON.stringify(question));
  return JSON.parse(output) as Seen;
}

/** The file's groups of servers, without the locations and their settings. */
function serversOf(file: string): string {
  return (file.match(/^ *(upstream|server) [^{;]+[{;]/gm) ?? []).join('\n');
}

function firstDifference(published: string, rendered: string): string {
  const [left, right] = [published.split('\n'), rendered.split('\n')];
  const at = left.findIndex((line, index) => line !== right[index]);
  return `line ${at + 1}\npublished: ${left.slice(at, at + 4).join('\n')}\nrendered:  ${right.slice(at, at + 4).join('\n')}`;
}
