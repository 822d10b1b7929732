import { seededRandom } from '../seeded-random.ts';
import { after, possibleActions, targetsOf } from './action.ts';
import type { Action, Verb } from './action.ts';
import { firstWorld } from './world.ts';
import type { World } from './world.ts';

/** A few actions, and the world that results. A quiet point follows. */
export interface Round {
  readonly actions: readonly Action[];
  /** Runs all actions at once, instead of in sequence. */
  readonly together: boolean;
  readonly world: World;
}

export interface WalkOptions {
  readonly seed: number;
  /** The number of actions in total. */
  readonly steps: number;
  /** Includes kills and restarts of the engine. */
  readonly engine: boolean;
}

/** How often each possible action is chosen. The default is 1. */
const weights: Partial<Record<Verb, number>> = { create: 3, recreate: 2, start: 2, rename: 0.5, 'kill-engine': 0.4, 'restart-engine': 0.3 };
const longestRound = 5;
const togetherShare = 0.4;

/** Plans a random walk. The same seed gives the same walk. */
export function planWalk({ seed, steps, engine }: WalkOptions): readonly Round[] {
  const random = seededRandom(seed);
  const rounds: Round[] = [];
  let world = firstWorld;
  for (let left = steps; left > 0;) {
    const length = Math.min(left, 1 + Math.floor(random() * longestRound));
    const together = length > 1 && random() < togetherShare;
    const actions: Action[] = [];
    const busy = new Set<string>();
    while (actions.length < length) {
      const action = pick(candidates(world, engine && !together, together ? busy : new Set()), random);
      if (action === undefined) break;
      for (const target of targetsOf(action)) busy.add(target);
      actions.push(action);
      world = after(world, action);
    }
    rounds.push({ actions, together, world });
    left -= actions.length;
  }
  return rounds;
}

function candidates(world: World, engine: boolean, busy: ReadonlySet<string>): readonly Action[] {
  return possibleActions(world).filter(
    (action) => (engine || !isOfEngine(action)) && !targetsOf(action).some((target) => busy.has(target)),
  );
}

const isOfEngine = (action: Action): boolean => action.do === 'kill-engine' || action.do === 'restart-engine';

/** Chooses the verb first, then the target: otherwise verbs with many targets would crowd out the others. */
function pick(actions: readonly Action[], random: () => number): Action | undefined {
  const verbs = [...new Set(actions.map((action) => action.do))].map((verb) => ({ verb, weight: weights[verb] ?? 1 }));
  let rest = random() * verbs.reduce((sum, { weight }) => sum + weight, 0);
  const chosen = verbs.find(({ weight }) => (rest -= weight) < 0) ?? verbs.at(-1);
  const ways = actions.filter((action) => action.do === chosen?.verb);
  return ways[Math.floor(random() * ways.length)];
}

export function describeAction(action: Action): string {
  const { do: verb, ...details } = action;
  const words = Object.entries(details).map(([name, value]) =>
    typeof value === 'boolean' ? (value ? name : `not ${name}`) : String(value),
  );
  return [verb, ...words].join(' ');
}

export function describeRound({ actions, together }: Round): string {
  return actions.map(describeAction).join(together ? ' | ' : ', ');
}
