import { describe, expect, it } from 'vitest';
import type { RoutingAddresses } from '../../../src/routes/structure.ts';
import { fillStructure } from '../../../src/routes/structure.ts';
import type { RoutingPlan } from '../../../src/routes/plan.ts';
import { compileSet } from '../../../src/render/template-store.ts';
import type { TemplateSet } from '../../../src/render/template-store.ts';
import { createTrials } from '../../../src/rollout/trials.ts';
import { newState } from '../../../src/rollout/trial-state.ts';
import type { Trials } from '../../../src/rollout/trials.ts';
import type { CheckOutcome, Choice, KeptTrials, TrialFrontend, TrialOptions, TrialReport } from '../../../src/rollout/trial-types.ts';
import { structure } from './sketch.ts';

/** Prints one line a location, and who is there. */
const body = `<% for (const g of it.groups) { for (const l of g.locations) { %>
<%= l.path %> <% if (l.upstream) { %><%= l.upstream %><% } %><% } } %>
<% for (const u of it.upstreams) { for (const s of u.servers) { %><%= s %><% } } %>`;
const templates = (name: string): TemplateSet => compileSet(new Map([['routing.conf.eta', `# ${name} <%= it.generation %>\n${body}`]]));
const old = templates('old');
const fresh = templates('new');

const frontend: TrialFrontend = { id: 'f', name: 'meet-frontend-1', life: 'f 1' };
const restarted: TrialFrontend = { ...frontend, life: 'f 2' };
/** Two, of which the second was started so often. */
const lives = (count: number): readonly TrialFrontend[] => [frontend, { id: 'g', name: 'meet-frontend-2', life: `g ${count}` }];
const emerg = '[emerg] unknown directive "x" in /etc/nginx/snippet.conf:1';

function plan(paths: readonly string[], address = '10.0.0.1:80'): RoutingPlan {
  const wanted = structure(paths);
  const addresses: RoutingAddresses = {
    upstreams: new Map(wanted.services.map(({ name }) => [name, { servers: [address], backups: [] }])),
    spaBackups: [],
    statusSubnets: [],
  };
  return { structure: wanted, addresses, view: fillStructure(wanted, addresses), routes: [], problems: [] };
}

interface Desk {
  readonly trials: Trials;
  readonly kept: KeptTrials[];
  readonly rejected: string[];
  /** Why tests came to nothing. */
  readonly failures: readonly string[];
  /** How often another pass was asked for. */
  looks(): number;
  /** Chooses, and publishes what was chosen. */
  pass(routing: RoutingPlan, set?: TemplateSet, frontends?: readonly TrialFrontend[], away?: readonly string[]): Choice;
  /** How the frontends take what was published last. */
  take(state: TrialReport['state'], more?: Partial<TrialReport>): void;
  content(): string;
}

function desk(options: Partial<TrialOptions> = {}, check?: (content: string) => CheckOutcome, kept?: KeptTrials): Desk {
  const saved: KeptTrials[] = [];
  const rejected: string[] = [];
  const failures: string[] = [];
  let looks = 0;
  let published: Choice['published'];
  let running = 0;
  const stateOfMeet = newState('meet', kept);
  const trials = createTrials(
    {
      ...(check === undefined ? {} : { check: (_, { content }) => Promise.resolve(check(content)) }),
      onLearnt: () => (looks += 1),
      guard: (_, work) => work,
      keep: (_, one) => void saved.push(one),
      keepRejected: (_, content) => void rejected.push(content),
      rejectedPath: () => '/out/.rejected.conf',
      onCheckDenied: () => undefined,
      onCheckFailed: (_, reason, again) => void failures.push(`${reason}${again ? ', again' : ''}`),
    },
    { strict: false, trustsTemplates: true, unwatched: false, ...options },
    { of: () => stateOfMeet, all: () => [stateOfMeet] },
  );
  return {
    trials,
    kept: saved,
    rejected,
    failures,
    looks: () => looks,
    pass(routing, set = old, frontends = [frontend], away = []) {
      const choice = trials.choose(routing, { templates: set, rendered: set.render(routing.view) }, frontends, away);
      running = frontends.length;
      if (choice.withdraw) trials.withdrawn('meet');
      published = choice.published;
      if (published !== undefined) trials.published('meet', published);
      return choice;
    },
    take(state, more) {
      const report = { generation: published?.rendered.generation ?? '', state, ...more };
      trials.observe(
        'meet',
        Array.from({ length: running }, () => report),
      );
    },
    content: () => published?.rendered.content ?? '',
  };
}

/** nginx's words about the service at `/bad`. */
const namesBad = '[emerg] host not found in upstream "meet_meet.bad" in /etc/nginx/conf.d/other.conf:7';

/** A desk at which `paths` have been good. */
function served(paths: readonly string[], options?: Partial<TrialOptions>, check?: (content: string) => CheckOutcome): Desk {
  const one = desk(options, check);
  one.pass(plan(paths));
  one.take('serving');
  one.take('live');
  return one;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const codes = ({ problems }: Choice): readonly string[] => problems.map(({ code }) => code);
const refusing =
  (...texts: readonly string[]) =>
  (content: string): CheckOutcome =>
    texts.some((text) => content.includes(text)) ? { verdict: 'refused', words: emerg } : { verdict: 'accepted' };

describe('a change of addresses alone', () => {
  it('is published at once, without a test, and is never taken back', async () => {
    const asked: string[] = [];
    const one = served(['/api'], {}, (content) => (asked.push(content), { verdict: 'refused', words: emerg }));
    one.pass(plan(['/api'], '10.0.0.2:80'));
    await settled();
    expect(one.content()).toContain('10.0.0.2:80');
    one.take('refused', { words: emerg });
    one.pass(plan(['/api'], '10.0.0.2:80'));
    expect(one.content()).toContain('10.0.0.2:80');
    expect(asked).toEqual([]);
  });
});

describe('what is refused once it is published', () => {
  it('gives way, until something else is published', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']));
    expect(one.trials.isPublishedRefused('meet')).toBe(false);
    one.take('refused', { words: emerg });
    expect(one.trials.isPublishedRefused('meet')).toBe(true);
    one.pass(plan(['/api', '/more']));
    expect(one.trials.isPublishedRefused('meet')).toBe(false);
  });

  it('goes on giving way where a pass that was under way publishes it once more', () => {
    const one = served(['/api']);
    const { published } = one.pass(plan(['/api', '/more']));
    one.take('refused', { words: emerg });
    if (published !== undefined) one.trials.published('meet', published);
    expect(one.trials.isPublishedRefused('meet')).toBe(true);
  });

  it('does not where it is a change of addresses alone', () => {
    const one = served(['/api']);
    one.pass(plan(['/api'], '10.0.0.2:80'));
    one.take('refused', { words: emerg });
    expect(one.trials.isPublishedRefused('meet')).toBe(false);
  });
});

describe('a change of structure that can be tested', () => {
  it('waits for the test, and is published when it is accepted', async () => {
    const one = served(['/api'], {}, refusing());
    one.pass(plan(['/api', '/more']));
    expect(one.content()).not.toContain('/more');
    await settled();
    expect(one.looks()).toBe(1);
    one.pass(plan(['/api', '/more']));
    expect(one.content()).toContain('/more');
  });

  it('is not published when it is refused, while addresses go on following', async () => {
    const one = served(['/api'], {}, refusing('# new'));
    one.pass(plan(['/api']), fresh);
    await settled();
    const choice = one.pass(plan(['/api'], '10.0.0.9:80'), fresh);
    await settled();
    expect(one.content()).toMatch(/^# old/);
    expect(one.content()).toContain('10.0.0.9:80');
    expect(codes(choice)).toEqual(['reload-rejected']);
    expect(choice.problems[0]?.message).toContain(emerg);
    expect(choice.desired).not.toBe(choice.published?.rendered.generation);
    expect(one.rejected).toHaveLength(1);
    expect(one.rejected[0]).toMatch(/^# new/);
  });

  it('goes live but for the path at fault, which is named', async () => {
    const nginx = refusing('/bad meet');
    let asked = 0;
    const one = served(['/api'], {}, (content) => {
      asked += 1;
      return nginx(content).verdict === 'refused' ? { verdict: 'refused', words: namesBad } : { verdict: 'accepted' };
    });
    for (let passes = 0; passes < 4; passes += 1) {
      one.pass(plan(['/api', '/bad', '/more']));
      await settled();
    }
    expect(asked).toBe(2);
    const choice = one.pass(plan(['/api', '/bad', '/more']));
    expect(one.content()).toContain('/more meet_meet.more');
    expect(one.content()).toMatch(/\/bad $/m);
    expect(codes(choice)).toEqual(['reload-rejected', 'route-left-out']);
    expect(choice.problems[0]?.message).toContain('served instead: everything except the paths that nginx names; addresses are current');
    expect(choice.problems[1]).toMatchObject({
      value: '=/bad',
      message: expect.stringMatching(/requests for these paths get 503$/) as string,
    });
  });

  it('gives way to the last good one when it passes the test, and not the reload', async () => {
    const one = served(['/api'], {}, refusing());
    one.pass(plan(['/api']), fresh);
    await settled();
    for (let passes = 0; passes < 2; passes += 1) one.pass(plan(['/api']), fresh);
    expect(one.content()).toMatch(/^# new/);
    one.take('refused', { words: emerg });
    expect(codes(one.pass(plan(['/api']), fresh))).toEqual(['reload-rejected']);
    expect(one.content()).toMatch(/^# old/);
  });

  it('is tested once, however many passes there are', async () => {
    let asked = 0;
    const one = served(['/api'], {}, () => ((asked += 1), { verdict: 'accepted' }));
    for (let passes = 0; passes < 5; passes += 1) one.pass(plan(['/api', '/more']));
    await settled();
    one.pass(plan(['/api', '/more']));
    expect(asked).toBe(1);
  });

  it('is tried by publishing it where the test can not be had after all', async () => {
    const one = served(['/api'], {}, () => ({ verdict: 'unknown', reason: 'refused', denied: true }));
    one.pass(plan(['/api', '/more']));
    await settled();
    one.pass(plan(['/api', '/more']));
    expect(one.content()).toContain('/more');
  });

  it('is tried by publishing it where three tests came to nothing, which is told', async () => {
    const one = served(['/api'], {}, () => ({ verdict: 'unknown', reason: 'no answer', denied: false }));
    for (let pass = 0; pass < 3; pass++) {
      one.pass(plan(['/api', '/more']));
      expect(one.content()).not.toContain('/more');
      await settled();
    }
    one.pass(plan(['/api', '/more']));
    expect(one.content()).toContain('/more');
    expect(one.failures).toEqual(['no answer, again', 'no answer, again', 'no answer']);
  });

  it('waits for ever with nothing untested allowed, which is told', async () => {
    const one = served(['/api'], { strict: true }, refusing());
    expect(one.content()).toBe('');
    const denied = desk({ strict: true }, () => ({ verdict: 'unknown', reason: 'exec was refused (403)', denied: true }));
    denied.pass(plan(['/api']));
    await settled();
    const choice = denied.pass(plan(['/api']));
    expect(choice.published).toBeUndefined();
    expect(choice.problems).toMatchObject([{ code: 'check-impossible', message: expect.stringContaining('403') as string }]);
  });

  it('is asked again with nothing untested allowed, and goes on when it can be tested', async () => {
    let outcome: CheckOutcome = { verdict: 'unknown', reason: 'exec was refused (403)', denied: true };
    const one = desk({ strict: true }, () => outcome);
    one.pass(plan(['/api']));
    await settled();
    one.pass(plan(['/api']));
    outcome = { verdict: 'accepted' };
    const looks = one.looks();
    one.trials.retry(1_000_000, false);
    expect(one.looks()).toBe(looks + 1);
    const waiting = one.pass(plan(['/api']));
    expect(codes(waiting)).toEqual(['check-impossible']);
    await settled();
    expect(codes(one.pass(plan(['/api'])))).toEqual([]);
    expect(one.content()).toContain('/api');
  });

  it('is asked again where a frontend ended in the middle of the test, and is not tried untested', async () => {
    const outcomes: CheckOutcome[] = [{ verdict: 'unknown', reason: 'it ended with 137', denied: false }];
    const one = served(['/api'], {}, () => outcomes.shift() ?? { verdict: 'refused', words: emerg });
    one.pass(plan(['/api']), fresh);
    await settled();
    one.pass(plan(['/api']), fresh, [restarted]);
    expect(one.content()).toMatch(/^# old/);
    expect(one.failures).toEqual(['it ended with 137, again']);
    expect(one.trials.isOnTrial('meet')).toBe(true);
    await settled();
    expect(one.trials.isOnTrial('meet')).toBe(false);
    expect(codes(one.pass(plan(['/api']), fresh, [restarted]))).toEqual(['reload-rejected']);
    expect(one.content()).toMatch(/^# old/);
  });

  it('waits for a frontend where none runs, and something good is served', () => {
    const one = served(['/api'], {}, refusing());
    one.pass(plan(['/api', '/more'], '10.0.0.3:80'), old, []);
    expect(one.content()).not.toContain('/more');
    expect(one.content()).toContain('10.0.0.3:80');
  });

  it('is tried untested where the only frontend ends again and again with what was good for another one', () => {
    const one = served(['/api'], {}, refusing());
    one.pass(plan(['/api', '/more']), old, []);
    one.trials.ended('meet', 'meet-older-1');
    one.pass(plan(['/api', '/more']), old, []);
    expect(one.content()).not.toContain('/more');
    one.trials.ended('meet', 'meet-older-1');
    one.pass(plan(['/api', '/more']), old, []);
    expect(one.content()).toContain('/more');
  });
});

describe('a change of structure that can only be tried', () => {
  it('is published, and good when all that answer serve it', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']));
    expect(one.content()).toContain('/more');
    one.take('under-way');
    expect(one.kept.at(-1)?.good?.structure.services).toHaveLength(1);
    one.take('serving');
    expect(one.kept.at(-1)?.good?.structure.services).toHaveLength(2);
  });

  it('gives way to the last good structure with the current addresses, when nginx refuses it', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']), fresh);
    one.take('refused', { words: emerg });
    expect(one.looks()).toBe(1);
    const choice = one.pass(plan(['/api', '/more'], '10.0.0.5:80'), fresh);
    expect(choice.isRollback).toBe(true);
    expect(one.content()).toMatch(/^# old/);
    expect(one.content()).not.toContain('/more');
    expect(one.content()).toContain('10.0.0.5:80');
    expect(codes(choice)).toContain('reload-rejected');
  });

  it('is not followed by another try before the good one is live again', () => {
    const one = served(['/api']);
    const wanted = plan(['/api', '/a', '/bad']);
    one.pass(wanted);
    one.take('refused', { words: namesBad });
    one.pass(wanted);
    const back = one.content();
    one.take('serving');
    one.pass(wanted);
    expect(one.content()).toBe(back);
    one.take('live');
    one.pass(wanted);
    expect(one.content()).toContain('/a meet');
    expect(one.content()).not.toContain('/bad meet');
  });

  it('is held back as a whole where nobody can read which part is at fault, and it is said how to find out', () => {
    const one = served(['/api']);
    const wanted = plan(['/api', '/a', '/bad']);
    one.pass(wanted);
    one.take('refused', { isGuess: true, words: 'three signals, and its log can not be read' });
    const contents: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      one.pass(wanted);
      contents.push(one.content());
      one.take('live');
    }
    expect(new Set(contents).size).toBe(1);
    expect(contents[0]).not.toMatch(/\/a |\/bad /);
    const { problems } = one.pass(wanted);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain('(three signals, and its log can not be read); the whole change is held back (=/a, =/bad)');
    expect(problems[0]?.cure).toMatch(/frontend's log.*with access to logs or exec.*docs\/refused-reloads.md/);
    one.pass(plan(['/api', '/a']));
    expect(one.content()).toContain('/a meet');
  });

  it('is held back as a whole: a guard that is not there yet is named first', () => {
    const one = served(['/api']);
    const base = plan(['/api', '/a', '/z']);
    const groups = base.structure.groups.map((group) => ({
      ...group,
      locations: group.locations.map((location) => (location.path === '/z' ? { ...location, allow: ['10.0.0.0/8'] } : location)),
    }));
    const guarded = { ...base.structure, groups };
    const wanted = { ...base, structure: guarded, view: fillStructure(guarded, base.addresses) };
    one.pass(wanted);
    one.take('refused', { isGuess: true, words: 'three signals' });
    one.pass(wanted);
    one.take('live');
    expect(one.pass(wanted).problems[0]?.message).toContain('held back (=/z with its meet.allow, =/a)');
  });

  it('is taken for refused by a guess only where there is something to go back to', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']));
    one.take('refused', { isGuess: true, words: 'three' });
    one.pass(plan(['/api', '/more']));
    expect(one.content()).not.toContain('/more');

    const first = desk();
    first.pass(plan(['/api']));
    first.take('refused', { isGuess: true, words: 'three' });
    expect(first.pass(plan(['/api'])).published).toBeDefined();
  });

  it('is left alone where nobody answers: that is no refusal', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']));
    one.take('unverified');
    one.pass(plan(['/api', '/more']));
    expect(one.content()).toContain('/more');
    expect(one.looks()).toBe(0);
  });

  it('is not judged by what is said of another file', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']));
    one.trials.observe('meet', [{ generation: 'another', state: 'refused', words: emerg }]);
    one.pass(plan(['/api', '/more']));
    expect(one.content()).toContain('/more');
  });

  it('is refused when one of several frontends refuses it', () => {
    const one = served(['/api']);
    const { generation } = one.pass(plan(['/api', '/more'])).published?.rendered ?? { generation: '' };
    one.trials.observe('meet', [
      { generation, state: 'live' },
      { generation, state: 'refused', words: emerg },
    ]);
    one.pass(plan(['/api', '/more']));
    expect(one.content()).not.toContain('/more');
  });

  it('is refused when a frontend ends by itself twice, and not once', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']));
    one.trials.ended('meet', 'meet-frontend-1');
    expect(one.pass(plan(['/api', '/more'])).published?.rendered.content).toContain('/more');
    one.trials.ended('meet', 'meet-frontend-1');
    expect(one.pass(plan(['/api', '/more'])).published?.rendered.content).not.toContain('/more');
  });

  it('is not tried where nobody makes nginx reload that we know of: it is published', () => {
    const one = served(['/api'], { unwatched: true });
    one.pass(plan(['/api', '/a']));
    one.take('under-way');
    one.pass(plan(['/api', '/a', '/b']), old, []);
    expect(one.content()).toContain('/b');
  });
});

describe('a first file that nginx refuses', () => {
  it('is withdrawn, and without it the rest is tried', () => {
    const one = desk();
    one.pass(plan(['/api', '/bad']));
    one.take('refused', { words: namesBad });
    const tried: string[] = [];
    for (let passes = 0; passes < 8; passes += 1) {
      const choice = one.pass(plan(['/api', '/bad']));
      tried.push(choice.withdraw ? 'withdrawn' : one.content());
      if (one.content().includes('/bad meet')) one.take('refused', { words: namesBad });
      else one.take('live');
    }
    expect(tried.at(-1)).toContain('/api meet');
    expect(tried.at(-1)).toMatch(/\/bad $/m);
  });

  it('is withdrawn for good where nothing of it is accepted, until something changes', () => {
    const one = desk();
    one.pass(plan(['/api']));
    const seen: boolean[] = [];
    for (let passes = 0; passes < 8; passes += 1) {
      one.take('refused', { words: emerg });
      seen.push(one.pass(plan(['/api'])).withdraw);
    }
    expect(seen).toContain(true);
    expect(one.pass(plan(['/api'])).published).toBeUndefined();
    expect(one.pass(plan(['/other'])).published).toBeDefined();
  });

  it('gives way to the one before it, though nobody has told yet how that was taken', () => {
    const one = desk();
    one.pass(plan(['/api']));
    one.take('under-way');
    one.pass(plan(['/api']), fresh);
    one.take('refused', { words: '[emerg] unknown directive "x" in /etc/nginx/meet-routing/routing.conf:9' });
    one.pass(plan(['/api'], '10.0.0.2:80'), fresh);
    expect(one.content()).toMatch(/^# old/);
    expect(one.content()).toContain('10.0.0.2:80');
    one.take('live');
    const choice = one.pass(plan(['/api'], '10.0.0.3:80'), fresh);
    expect(one.content()).toMatch(/^# old/);
    expect(one.content()).toContain('10.0.0.3:80');
    expect(choice.problems.map(({ message }) => message)).toEqual([expect.stringContaining('served instead: the last good template')]);
  });

  it('does not give way to the one before it where that is refused too', () => {
    const one = desk();
    one.pass(plan(['/api']));
    one.pass(plan(['/more']), fresh);
    one.take('refused', { words: emerg });
    one.pass(plan(['/more']), fresh);
    expect(one.content()).toMatch(/^# old/);
    one.take('refused', { words: emerg });
    for (let round = 0; round < 4; round += 1) {
      one.pass(plan(['/more']), fresh);
      expect(one.content()).not.toMatch(/^# old/);
      one.take('refused', { words: emerg });
    }
  });

  it('stays where another frontend serves it: the one that refuses it is told of by itself', () => {
    const one = desk();
    const { generation } = one.pass(plan(['/api'])).published?.rendered ?? { generation: '' };
    one.trials.observe('meet', [
      { generation, state: 'live' },
      { generation, state: 'refused', words: emerg },
    ]);
    expect(one.looks()).toBe(0);
    expect(one.pass(plan(['/api'], '10.0.0.2:80')).published?.rendered.content).toContain('10.0.0.2:80');
  });

  it('is not tried again at each restart of a frontend that it keeps from starting', () => {
    const one = desk();
    one.pass(plan(['/api']), old, []);
    one.trials.ended('meet', 'f');
    one.trials.ended('meet', 'f');
    expect(one.pass(plan(['/api']), old, [])).toMatchObject({ withdraw: true });
    expect(one.pass(plan(['/api']), old, []).published).toBeUndefined();
    // It came up without it: now it can be told to reload.
    expect(one.pass(plan(['/api']), old, [frontend]).published).toBeDefined();
    one.take('refused', { words: emerg });
    one.pass(plan(['/api']), old, [frontend]);
    one.pass(plan(['/api']), old, [frontend]);
    expect(one.pass(plan(['/api']), old, [frontend]).published?.rendered.content ?? '').not.toContain('/api meet');
  });
});

/** A desk at which a new template and a new path were just refused. */
function refusedDesk(): Desk {
  const one = served(['/api']);
  one.pass(plan(['/api', '/more']), fresh);
  one.take('refused', { words: emerg });
  one.pass(plan(['/api', '/more']), fresh);
  return one;
}

describe('what was refused', () => {
  it('is tried again when its input changes', () => {
    const one = refusedDesk();
    one.take('live');
    one.pass(plan(['/api', '/else']), fresh);
    expect(one.content()).toContain('/else');
  });

  it('is tried again when a frontend was restarted, once the good one is live there', () => {
    const one = refusedDesk();
    one.take('live');
    while (!one.pass(plan(['/api', '/more']), fresh, [frontend]).published?.rendered.content.startsWith('# old')) one.take('live');
    one.pass(plan(['/api', '/more']), fresh, [restarted]);
    one.take('live');
    expect(one.pass(plan(['/api', '/more']), fresh, [restarted]).published?.rendered.content).toMatch(/^# new[^]*\/more meet/);
  });

  it('is not tried again while a frontend is away, since the others may be the ones that accept it', async () => {
    const other: TrialFrontend = { id: 'g', name: 'meet-frontend-2', life: 'g 1' };
    const one = served(['/api'], {}, refusing('# new'));
    one.pass(plan(['/api']), fresh, [frontend, other]);
    await settled();
    const passes = async (frontends: readonly TrialFrontend[], away: readonly string[] = []): Promise<void> => {
      for (let count = 0; count < 3; count += 1) {
        one.pass(plan(['/api']), fresh, frontends, away);
        one.take('live');
        await settled();
      }
    };
    await passes([frontend, other]);
    const { length } = one.rejected;
    await passes([frontend], ['g']);
    await passes([frontend, other]);
    expect(one.rejected).toHaveLength(length);
    await passes([frontend, { ...other, life: 'g 2' }]);
    expect(one.rejected).toHaveLength(length + 1);
  });

  it('is not tried again while the frontend that ended with it has not come back to the good one', () => {
    const one = served(['/api']);
    one.pass(plan(['/api']), fresh, lives(1));
    for (let ends = 0; ends < 2; ends += 1) one.trials.ended('meet', 'meet-frontend-2');
    one.pass(plan(['/api']), fresh, lives(2));
    for (let passes = 0; passes < 3; passes += 1) {
      one.pass(plan(['/api']), fresh, [frontend], ['g']);
      one.take('live');
      expect(one.content()).toMatch(/^# old/);
    }
    one.pass(plan(['/api']), fresh, lives(3));
    one.take('live');
    one.pass(plan(['/api']), fresh, lives(3));
    expect(one.content()).toMatch(/^# new/);
  });

  it('is not good before all that run were heard', () => {
    const other: TrialFrontend = { id: 'g', name: 'meet-frontend-2', life: 'g 1' };
    const one = served(['/api']);
    const choice = one.pass(plan(['/api']), fresh, [frontend, other]);
    one.trials.observe('meet', [{ generation: choice.published?.rendered.generation ?? '', state: 'live' }]);
    one.take('refused', { words: emerg });
    one.pass(plan(['/api']), fresh, [frontend, other]);
    expect(one.content()).toMatch(/^# old/);
  });

  it('is not good before a frontend that is away has come back to it, or is given up', () => {
    const one = served(['/api']);
    one.pass(plan(['/api']), fresh, [frontend], ['g']);
    one.take('live');
    one.trials.ended('meet', 'meet-older-1');
    one.trials.ended('meet', 'meet-older-1');
    one.pass(plan(['/api']), fresh, [frontend], ['g']);
    expect(one.content()).toMatch(/^# old/);

    const other = served(['/api']);
    for (let resyncs = 0; resyncs < 2; resyncs += 1) {
      other.pass(plan(['/api']), fresh, [frontend], ['g']);
      other.trials.retry(1_000_000, false);
    }
    other.pass(plan(['/api']), fresh, [frontend], ['g']);
    other.take('live');
    other.take('refused', { words: emerg });
    other.pass(plan(['/api']), fresh, [frontend], ['g']);
    expect(other.content()).toMatch(/^# new/);
  });

  it('is tried again after a while where the reason lies elsewhere, and later and later', async () => {
    const one = served(['/api'], {}, refusing('# new'));
    const passes = async (): Promise<void> => {
      for (let count = 0; count < 6; count += 1) {
        one.pass(plan(['/api']), fresh);
        await settled();
      }
    };
    await passes();
    const looks = one.looks();
    one.trials.retry(1_000_000, false);
    expect(one.looks()).toBe(looks + 1);
    await passes();
    const later = one.looks();
    one.trials.retry(1_010_000, false);
    expect(one.looks()).toBe(later);
    one.trials.retry(1_030_000, false);
    expect(one.looks()).toBe(later + 1);
    await passes();
    one.trials.retry(1_070_000, false);
    expect(one.looks()).toBeGreaterThan(later + 1);
  });

  it('is tried again by itself where it passed the test in the frontend, and only the reload had no effect', () => {
    const one = served(['/api']);
    one.pass(plan(['/api']), fresh);
    one.take('refused', {
      words: 'nginx accepted the file in its test but goes on serving the old one; its log says why; test is successful',
    });
    one.pass(plan(['/api']), fresh);
    one.take('live');
    const looks = one.looks();
    one.trials.retry(1e9, false);
    expect(one.looks()).toBe(looks + 1);
  });

  it('is not tried again by itself where a line of the file is to blame, but when told to', () => {
    const one = served(['/api']);
    one.pass(plan(['/api']), fresh);
    one.take('refused', { words: '[emerg] unknown directive "x" in /etc/nginx/meet-routing/routing.conf:7' });
    one.pass(plan(['/api']), fresh);
    one.take('live');
    const looks = one.looks();
    one.trials.retry(1e9, false);
    expect(one.looks()).toBe(looks);
    one.trials.retry(1e9, true);
    expect(one.looks()).toBe(looks + 1);
    one.pass(plan(['/api']), fresh);
    expect(one.content()).toMatch(/^# new/);
  });

  it('is known to the next process, which goes back to what was good where the same templates are there', async () => {
    const kept = served(['/api']).kept.at(-1);
    const next = desk({}, refusing('/more'), kept);
    for (let count = 0; count < 8; count += 1) {
      next.pass(plan(['/api', '/more'], '10.0.0.7:80'), old);
      await settled();
    }
    const choice = next.pass(plan(['/api', '/more'], '10.0.0.8:80'), old);
    expect(next.content()).toMatch(/^# old/);
    expect(next.content()).toContain('10.0.0.8:80');
    expect(next.content()).not.toContain('/more');
    expect(codes(choice)).toContain('reload-rejected');
  });

  it('is not published by the next process, and with nothing but these templates the file stays as it is', async () => {
    const one = served(['/api'], {}, refusing('# new'));
    for (let count = 0; count < 8; count += 1) {
      one.pass(plan(['/api', '/more']), fresh);
      await settled();
    }
    one.take('live');
    const kept = one.kept.at(-1);
    expect(JSON.stringify(kept)).not.toContain('it.groups');
    const next = desk({}, refusing('# new'), kept);
    const choice = next.pass(plan(['/api', '/more'], '10.0.0.7:80'), fresh);
    expect(choice.published).toBeUndefined();
    expect(choice.withdraw).toBe(false);
    expect(codes(choice).toSorted()).toEqual(['reload-rejected', 'template-broken']);
  });

  it('other templates than the good one had are tested first after a restart, while the file stays as it is', async () => {
    const kept = served(['/api']).kept.at(-1);
    const next = desk({}, refusing('/bad'), kept);
    const first = next.pass(plan(['/api']), fresh);
    expect([first.published, codes(first)]).toEqual([undefined, []]);
    await settled();
    next.pass(plan(['/api']), fresh);
    expect(next.content()).toMatch(/^# new/);
  });

  it('with no frontend there, other templates than the good one had are published after a restart', () => {
    const next = desk({}, refusing('/bad'), served(['/api']).kept.at(-1));
    next.pass(plan(['/api']), fresh, []);
    expect(next.content()).toMatch(/^# new/);
  });
});

describe('with no template that works', () => {
  it('is told, where the last good one fails with what is there now', async () => {
    const picky = compileSet(new Map([['routing.conf.eta', '# picky <%= it.generation %> <%= it.upstreams[0].servers[0] %>\n']]));
    const one = desk({}, refusing('# new'));
    one.pass(plan(['/api']), picky);
    one.take('live');
    one.pass(plan(['/api']), fresh);
    await settled();
    const nobody = plan(['/api']);
    const choice = one.pass({ ...nobody, addresses: { ...nobody.addresses, upstreams: new Map() } }, fresh);
    expect(choice.published).toBeUndefined();
    expect(codes(choice)).toContain('template-broken');
  });

  it('the last good structure is served, where the last good one fails with the structure that is wanted now', async () => {
    const picky = compileSet(
      new Map([['routing.conf.eta', `# picky <%= it.generation %> <% if (it.groups.length > 1) throw new Error('no'); %>${body}`]]),
    );
    for (const check of [undefined, refusing('# new')]) {
      const one = desk({}, check);
      one.pass(plan(['/api']), picky);
      one.take('live');
      one.pass(plan(['/api', '/more']), fresh);
      if (check === undefined) one.take('refused', { words: emerg });
      for (let round = 0; round < 4; round += 1) {
        await settled();
        one.pass(plan(['/api', '/more'], '10.0.0.8:80'), fresh);
        one.take('live');
      }
      const choice = one.pass(plan(['/api', '/more'], '10.0.0.9:80'), fresh);
      expect(one.content()).toMatch(/^# picky[^]*10\.0\.0\.9:80/);
      expect(codes(choice)).toEqual(['reload-rejected']);
      expect(choice.problems[0]?.message).toContain('the whole change is held back (the template; =/more)');
    }
  });

  it('the last good one is filled with the current addresses', () => {
    const one = served(['/api']);
    const choice = one.trials.choose(plan(['/api'], '10.0.0.8:80'), undefined, [frontend]);
    expect(choice.published?.rendered.content).toContain('10.0.0.8:80');
  });

  it('and nothing good, there is nothing', () => {
    expect(desk().trials.choose(plan(['/api']), undefined, [frontend]).published).toBeUndefined();
  });
});
