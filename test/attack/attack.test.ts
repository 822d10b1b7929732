import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Container } from '../../src/model/container.ts';
import { observe } from '../support/containers.ts';
import { parseNginx } from '../support/nginx-parse.ts';
import type { Directive } from '../support/nginx-parse.ts';
import { renderWorld } from '../support/render-world.ts';
import { notAllowed } from './allowed-directives.ts';
import { hostileText, hostileTexts } from './hostile-texts.ts';
import { hostileContainers, placeNames, victims } from './hostile-world.ts';

// No label, name or other untrusted text adds a directive, a block, a variable or a comment. It also never changes
// another container's routes, and never reaches a terminal unescaped. hostile-sets.test.ts has the attacks in the
// engine's JSON.

// oxlint-disable-next-line no-control-regex -- that is what is looked for
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;
const instancePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const generated = 400;

/** An attack: a text in a place. */
type Attack = readonly [place: string, text: string];

const attack: fc.Arbitrary<Attack> = fc.tuple(fc.constantFrom(...placeNames), hostileText);

/** Renders the victims together with these attackers, and runs all checks that need no nginx. */
async function surviveInMemory(attackers: readonly Container[]): Promise<ReadonlyMap<string, string>> {
  const { files, problems } = await renderWorld(observe([...victims, ...attackers]));
  expect(problems.filter(({ code }) => code === 'template-broken')).toEqual([]);
  for (const [instance, content] of files) {
    expect(instance).toMatch(instancePattern);
    expect(notAllowed(parseNginx(content))).toEqual([]);
  }
  for (const item of problems) for (const [field, text] of Object.entries(item)) expect(text, field).not.toMatch(unsafe);
  expect(harmDone(await unharmed, parseNginx(files.get('meet') ?? ''))).toEqual([]);
  return files;
}

const unharmed = renderWorld(observe(victims)).then(({ files }) => parseNginx(files.get('meet') ?? ''));

/**
 * The lines of the victims' file that are missing or added in the other: attackers may only add routes of their own.
 */
function harmDone(before: readonly Directive[], after: readonly Directive[]): readonly string[] {
  const [was, is] = [new Set(lines(before)), new Set(lines(after))];
  const missing = [...was].flatMap((line) => (is.has(line) ? [] : [`missing: ${line}`]));
  const added = [...is].flatMap((line) =>
    was.has(line) || /^(upstream meet(-media)?_|map \$|server: location ((=|\^~) \/|@meet_fresh:meet_))/.test(line)
      ? []
      : [`added: ${line}`],
  );
  return [...missing, ...added];
}

/** A line for each upstream and each directive of a server, blocks included, without the generation. */
function lines(tree: readonly Directive[]): readonly string[] {
  return tree.flatMap((top) =>
    top.name === 'server' ? (top.block ?? []).map((inner) => `server: ${printDirective(inner)}`) : [printDirective(top)],
  );
}

function printDirective({ name, args, block }: Directive): string {
  const head = [name, ...args].join(' ').replace(/(?<="|meet-gen!live-)[0-9a-f]{16}\b/, 'GENERATION');
  return block === undefined ? head : `${head} { ${block.map(printDirective).join('; ')} }`;
}

describe('hostile text', () => {
  it('has more than 100 hand-written examples, each once', () => {
    expect(hostileTexts.length).toBeGreaterThan(100);
    expect(new Set(hostileTexts).size).toBe(hostileTexts.length);
  });

  it('is inert in any place when generated', async () => {
    await fc.assert(
      fc.asyncProperty(attack, async ([place, text]) => void (await surviveInMemory(hostileContainers(place, text, 0)))),
      { numRuns: 2 * generated },
    );
  });

  it('is inert in several places at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(attack, { minLength: 5, maxLength: 20 }), async (attacks) => {
        await surviveInMemory(attacks.flatMap(([place, text], index) => hostileContainers(place, text, index)));
      }),
      { numRuns: 100 },
    );
  });

  it('gives the same files for any order of containers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(attack, { minLength: 2, maxLength: 6 }), async (attacks) => {
        const all = [...victims, ...attacks.flatMap(([place, text], index) => hostileContainers(place, text, index))];
        const [one, other] = await Promise.all([renderWorld(observe(all)), renderWorld(observe(all.toReversed()))]);
        expect(Object.fromEntries(other.files)).toEqual(Object.fromEntries(one.files));
        expect(other.problems).toEqual(one.problems);
      }),
      { numRuns: 50 },
    );
  });
});
