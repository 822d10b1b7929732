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

/** Prints one line for each location, then the servers. */
const body = `<% for (const g of it.groups) { for (const l of g.locations) { %>
<%= l.path %> <% if (l.upstream) { %><%= l.upstream %><% } %><% } } %>
<% for (const u of it.upstreams) { for (const s of u.servers) { %><%= s %><% } } %>`;
const templates = (name: string): TemplateSet => compileSet(new Map([['routing.conf.eta', `# ${name} <%= it.generation %>\n${body}`]]));
const old = templates('old');
const newer = templates('new');

const frontend: TrialFrontend = { id: 'f', name: 'meet-frontend-1', life: 'f 1' };
const restarted: TrialFrontend = { ...frontend, life: 'f 2' };
/** Two frontends; the second has started `count` times. */
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

interface TestTrials {
  readonly trials: Trials;
  readonly kept: KeptTrials[];
  readonly rejected: string[];
  /** The reasons of tests without a verdict. */
  readonly failures: readonly string[];
  /** The number of requests for another pass. */
  looks(): number;
  /** Chooses an edition and publishes it. */
  pass(routing: RoutingPlan, set?: TemplateSet, frontends?: readonly TrialFrontend[], away?: readonly string[]): Choice;
  /** Reports the frontends' reaction to the published file. */
  take(state: TrialReport['state'], more?: Partial<TrialReport>): void;
  content(): string;
}

function trialsWith(options: Partial<TrialOptions> = {}, check?: (content: string) => CheckOutcome, kept?: KeptTrials): TestTrials {
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

/** Trials in which `paths` are good and live. */
function served(paths: readonly string[], options?: Partial<TrialOptions>, check?: (content: string) => CheckOutcome): TestTrials {
  const one = trialsWith(options, check);
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
  it('is published immediately, without a test, and never rolled back', async () => {
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

describe('a published file that nginx refuses', () => {
  it('is due for replacement until another file is published', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']));
    expect(one.trials.isPublishedRefused('meet')).toBe(false);
    one.take('refused', { words: emerg });
    expect(one.trials.isPublishedRefused('meet')).toBe(true);
    one.pass(plan(['/api', '/more']));
    expect(one.trials.isPublishedRefused('meet')).toBe(false);
  });

  it('stays due for replacement if a late pass publishes it again', () => {
    const one = served(['/api']);
    const { published } = one.pass(plan(['/api', '/more']));
    one.take('refused', { words: emerg });
    if (published !== undefined) one.trials.published('meet', published);
    expect(one.trials.isPublishedRefused('meet')).toBe(true);
  });

  it('is not due for replacement if only addresses changed', () => {
    const one = served(['/api']);
    one.pass(plan(['/api'], '10.0.0.2:80'));
    one.take('refused', { words: emerg });
    expect(one.trials.isPublishedRefused('meet')).toBe(false);
  });
});

describe('a change of structure that can be tested', () => {
  it('is published after nginx accepts it in the test', async () => {
    const one = served(['/api'], {}, refusing());
    one.pass(plan(['/api', '/more']));
    expect(one.content()).not.toContain('/more');
    await settled();
    expect(one.looks()).toBe(1);
    one.pass(plan(['/api', '/more']));
    expect(one.content()).toContain('/more');
  });

  it('is not published if nginx refuses it, while addresses stay current', async () => {
    const one = served(['/api'], {}, refusing('# new'));
    one.pass(plan(['/api']), newer);
    await settled();
    const choice = one.pass(plan(['/api'], '10.0.0.9:80'), newer);
    await settled();
    expect(one.content()).toMatch(/^# old/);
    expect(one.content()).toContain('10.0.0.9:80');
    expect(codes(choice)).toEqual(['reload-rejected']);
    expect(choice.problems[0]?.message).toContain(emerg);
    expect(choice.desired).not.toBe(choice.published?.rendered.generation);
    expect(one.rejected).toHaveLength(1);
    expect(one.rejected[0]).toMatch(/^# new/);
  });

  it('goes live without the refused path, which is named', async () => {
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

  it('is rolled back if it passes the test but not the reload', async () => {
    const one = served(['/api'], {}, refusing());
    one.pass(plan(['/api']), newer);
    await settled();
    for (let passes = 0; passes < 2; passes += 1) one.pass(plan(['/api']), newer);
    expect(one.content()).toMatch(/^# new/);
    one.take('refused', { words: emerg });
    expect(codes(one.pass(plan(['/api']), newer))).toEqual(['reload-rejected']);
    expect(one.content()).toMatch(/^# old/);
  });

  it('is tested once during several passes', async () => {
    let asked = 0;
    const one = served(['/api'], {}, () => ((asked += 1), { verdict: 'accepted' }));
    for (let passes = 0; passes < 5; passes += 1) one.pass(plan(['/api', '/more']));
    await settled();
    one.pass(plan(['/api', '/more']));
    expect(asked).toBe(1);
  });

  it('is published untested if tests turn out to be impossible', async () => {
    const one = served(['/api'], {}, () => ({ verdict: 'unknown', reason: 'refused', denied: true }));
    one.pass(plan(['/api', '/more']));
    await settled();
    one.pass(plan(['/api', '/more']));
    expect(one.content()).toContain('/more');
  });

  it('is published untested after three tests without a verdict, which are reported', async () => {
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

  it('waits with --check exec while tests are impossible, with a problem', async () => {
    const one = served(['/api'], { strict: true }, refusing());
    expect(one.content()).toBe('');
    const denied = trialsWith({ strict: true }, () => ({ verdict: 'unknown', reason: 'exec was refused (403)', denied: true }));
    denied.pass(plan(['/api']));
    await settled();
    const choice = denied.pass(plan(['/api']));
    expect(choice.published).toBeUndefined();
    expect(choice.problems).toMatchObject([{ code: 'check-impossible', message: expect.stringContaining('403') as string }]);
  });

  it('is tested again with --check exec, and published once the test works', async () => {
    let outcome: CheckOutcome = { verdict: 'unknown', reason: 'exec was refused (403)', denied: true };
    const one = trialsWith({ strict: true }, () => outcome);
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

  it('is tested again, not published, if a frontend ends during the test', async () => {
    const outcomes: CheckOutcome[] = [{ verdict: 'unknown', reason: 'it ended with 137', denied: false }];
    const one = served(['/api'], {}, () => outcomes.shift() ?? { verdict: 'refused', words: emerg });
    one.pass(plan(['/api']), newer);
    await settled();
    one.pass(plan(['/api']), newer, [restarted]);
    expect(one.content()).toMatch(/^# old/);
    expect(one.failures).toEqual(['it ended with 137, again']);
    expect(one.trials.isOnTrial('meet')).toBe(true);
    await settled();
    expect(one.trials.isOnTrial('meet')).toBe(false);
    expect(codes(one.pass(plan(['/api']), newer, [restarted]))).toEqual(['reload-rejected']);
    expect(one.content()).toMatch(/^# old/);
  });

  it('waits while no frontend runs, if a good file is published', () => {
    const one = served(['/api'], {}, refusing());
    one.pass(plan(['/api', '/more'], '10.0.0.3:80'), old, []);
    expect(one.content()).not.toContain('/more');
    expect(one.content()).toContain('10.0.0.3:80');
  });

  it('is published untested if the only frontend crashes with the published file', () => {
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

describe('a change of structure that can not be tested', () => {
  it('is published, and good once all answering frontends serve it', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']));
    expect(one.content()).toContain('/more');
    one.take('under-way');
    expect(one.kept.at(-1)?.good?.structure.services).toHaveLength(1);
    one.take('serving');
    expect(one.kept.at(-1)?.good?.structure.services).toHaveLength(2);
  });

  it('is rolled back to the last good structure, with current addresses, if nginx refuses it', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']), newer);
    one.take('refused', { words: emerg });
    expect(one.looks()).toBe(1);
    const choice = one.pass(plan(['/api', '/more'], '10.0.0.5:80'), newer);
    expect(choice.isRollback).toBe(true);
    expect(one.content()).toMatch(/^# old/);
    expect(one.content()).not.toContain('/more');
    expect(one.content()).toContain('10.0.0.5:80');
    expect(codes(choice)).toContain('reload-rejected');
  });

  it('is not followed by another attempt before the good edition is live again', () => {
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

  it("is held back as a whole if nginx's reason is unreadable, and the cure says how to read it", () => {
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

  it('is held back as a whole, and unpublished guards are named first', () => {
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

  it('counts as refused without a reason only if a rollback is possible', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']));
    one.take('refused', { isGuess: true, words: 'three' });
    one.pass(plan(['/api', '/more']));
    expect(one.content()).not.toContain('/more');

    const first = trialsWith();
    first.pass(plan(['/api']));
    first.take('refused', { isGuess: true, words: 'three' });
    expect(first.pass(plan(['/api'])).published).toBeDefined();
  });

  it('stays if no frontend answers: that is not a refusal', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']));
    one.take('unverified');
    one.pass(plan(['/api', '/more']));
    expect(one.content()).toContain('/more');
    expect(one.looks()).toBe(0);
  });

  it('is not judged by reports about another file', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']));
    one.trials.observe('meet', [{ generation: 'another', state: 'refused', words: emerg }]);
    one.pass(plan(['/api', '/more']));
    expect(one.content()).toContain('/more');
  });

  it('is refused if one of several frontends refuses it', () => {
    const one = served(['/api']);
    const { generation } = one.pass(plan(['/api', '/more'])).published?.rendered ?? { generation: '' };
    one.trials.observe('meet', [
      { generation, state: 'live' },
      { generation, state: 'refused', words: emerg },
    ]);
    one.pass(plan(['/api', '/more']));
    expect(one.content()).not.toContain('/more');
  });

  it('is refused after two crashes of a frontend, not after one', () => {
    const one = served(['/api']);
    one.pass(plan(['/api', '/more']));
    one.trials.ended('meet', 'meet-frontend-1');
    expect(one.pass(plan(['/api', '/more'])).published?.rendered.content).toContain('/more');
    one.trials.ended('meet', 'meet-frontend-1');
    expect(one.pass(plan(['/api', '/more'])).published?.rendered.content).not.toContain('/more');
  });

  it('is published without trial with `--reload none`', () => {
    const one = served(['/api'], { unwatched: true });
    one.pass(plan(['/api', '/a']));
    one.take('under-way');
    one.pass(plan(['/api', '/a', '/b']), old, []);
    expect(one.content()).toContain('/b');
  });
});

describe('a first file that nginx refuses', () => {
  it('is withdrawn, and the rest is tried without the refused part', () => {
    const one = trialsWith();
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

  it('stays withdrawn if every part is refused, until something changes', () => {
    const one = trialsWith();
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

  it('is replaced by the file before it, even if that is not proven yet', () => {
    const one = trialsWith();
    one.pass(plan(['/api']));
    one.take('under-way');
    one.pass(plan(['/api']), newer);
    one.take('refused', { words: '[emerg] unknown directive "x" in /etc/nginx/meet-routing/routing.conf:9' });
    one.pass(plan(['/api'], '10.0.0.2:80'), newer);
    expect(one.content()).toMatch(/^# old/);
    expect(one.content()).toContain('10.0.0.2:80');
    one.take('live');
    const choice = one.pass(plan(['/api'], '10.0.0.3:80'), newer);
    expect(one.content()).toMatch(/^# old/);
    expect(one.content()).toContain('10.0.0.3:80');
    expect(choice.problems.map(({ message }) => message)).toEqual([expect.stringContaining('served instead: the last good template')]);
  });

  it('is not replaced by the file before it if that is refused too', () => {
    const one = trialsWith();
    one.pass(plan(['/api']));
    one.pass(plan(['/more']), newer);
    one.take('refused', { words: emerg });
    one.pass(plan(['/more']), newer);
    expect(one.content()).toMatch(/^# old/);
    one.take('refused', { words: emerg });
    for (let round = 0; round < 4; round += 1) {
      one.pass(plan(['/more']), newer);
      expect(one.content()).not.toMatch(/^# old/);
      one.take('refused', { words: emerg });
    }
  });

  it('stays if another frontend serves it', () => {
    const one = trialsWith();
    const { generation } = one.pass(plan(['/api'])).published?.rendered ?? { generation: '' };
    one.trials.observe('meet', [
      { generation, state: 'live' },
      { generation, state: 'refused', words: emerg },
    ]);
    expect(one.looks()).toBe(0);
    expect(one.pass(plan(['/api'], '10.0.0.2:80')).published?.rendered.content).toContain('10.0.0.2:80');
  });

  it('is not tried again at each restart of a frontend that can not start with it', () => {
    const one = trialsWith();
    one.pass(plan(['/api']), old, []);
    one.trials.ended('meet', 'f');
    one.trials.ended('meet', 'f');
    expect(one.pass(plan(['/api']), old, [])).toMatchObject({ withdraw: true });
    expect(one.pass(plan(['/api']), old, []).published).toBeUndefined();
    // The frontend has started without the file, so the file can be tried by a reload.
    expect(one.pass(plan(['/api']), old, [frontend]).published).toBeDefined();
    one.take('refused', { words: emerg });
    one.pass(plan(['/api']), old, [frontend]);
    one.pass(plan(['/api']), old, [frontend]);
    expect(one.pass(plan(['/api']), old, [frontend]).published?.rendered.content ?? '').not.toContain('/api meet');
  });
});

/** Trials in which a new template and a new path were just refused. */
function refusedTrials(): TestTrials {
  const one = served(['/api']);
  one.pass(plan(['/api', '/more']), newer);
  one.take('refused', { words: emerg });
  one.pass(plan(['/api', '/more']), newer);
  return one;
}

describe('a refused change', () => {
  it('is tried again if its input changes', () => {
    const one = refusedTrials();
    one.take('live');
    one.pass(plan(['/api', '/else']), newer);
    expect(one.content()).toContain('/else');
  });

  it('is tried again after a restart of a frontend, once the good edition is live there', () => {
    const one = refusedTrials();
    one.take('live');
    while (!one.pass(plan(['/api', '/more']), newer, [frontend]).published?.rendered.content.startsWith('# old')) one.take('live');
    one.pass(plan(['/api', '/more']), newer, [restarted]);
    one.take('live');
    expect(one.pass(plan(['/api', '/more']), newer, [restarted]).published?.rendered.content).toMatch(/^# new[^]*\/more meet/);
  });

  it('is not tried again while a frontend is away, since the others may accept it', async () => {
    const other: TrialFrontend = { id: 'g', name: 'meet-frontend-2', life: 'g 1' };
    const one = served(['/api'], {}, refusing('# new'));
    one.pass(plan(['/api']), newer, [frontend, other]);
    await settled();
    const passes = async (frontends: readonly TrialFrontend[], away: readonly string[] = []): Promise<void> => {
      for (let count = 0; count < 3; count += 1) {
        one.pass(plan(['/api']), newer, frontends, away);
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

  it('is not tried again before the crashed frontend serves the good edition', () => {
    const one = served(['/api']);
    one.pass(plan(['/api']), newer, lives(1));
    for (let ends = 0; ends < 2; ends += 1) one.trials.ended('meet', 'meet-frontend-2');
    one.pass(plan(['/api']), newer, lives(2));
    for (let passes = 0; passes < 3; passes += 1) {
      one.pass(plan(['/api']), newer, [frontend], ['g']);
      one.take('live');
      expect(one.content()).toMatch(/^# old/);
    }
    one.pass(plan(['/api']), newer, lives(3));
    one.take('live');
    one.pass(plan(['/api']), newer, lives(3));
    expect(one.content()).toMatch(/^# new/);
  });

  it('is not good before all running frontends have reported', () => {
    const other: TrialFrontend = { id: 'g', name: 'meet-frontend-2', life: 'g 1' };
    const one = served(['/api']);
    const choice = one.pass(plan(['/api']), newer, [frontend, other]);
    one.trials.observe('meet', [{ generation: choice.published?.rendered.generation ?? '', state: 'live' }]);
    one.take('refused', { words: emerg });
    one.pass(plan(['/api']), newer, [frontend, other]);
    expect(one.content()).toMatch(/^# old/);
  });

  it('is not good before an absent frontend serves it, or stays away for long', () => {
    const one = served(['/api']);
    one.pass(plan(['/api']), newer, [frontend], ['g']);
    one.take('live');
    one.trials.ended('meet', 'meet-older-1');
    one.trials.ended('meet', 'meet-older-1');
    one.pass(plan(['/api']), newer, [frontend], ['g']);
    expect(one.content()).toMatch(/^# old/);

    const other = served(['/api']);
    for (let resyncs = 0; resyncs < 2; resyncs += 1) {
      other.pass(plan(['/api']), newer, [frontend], ['g']);
      other.trials.retry(1_000_000, false);
    }
    other.pass(plan(['/api']), newer, [frontend], ['g']);
    other.take('live');
    other.take('refused', { words: emerg });
    other.pass(plan(['/api']), newer, [frontend], ['g']);
    expect(other.content()).toMatch(/^# new/);
  });

  it('is tried again at growing intervals if the reason lies elsewhere', async () => {
    const one = served(['/api'], {}, refusing('# new'));
    const passes = async (): Promise<void> => {
      for (let count = 0; count < 6; count += 1) {
        one.pass(plan(['/api']), newer);
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

  it("is tried again if it passed the hook's test and only the reload had no effect", () => {
    const one = served(['/api']);
    one.pass(plan(['/api']), newer);
    one.take('refused', {
      words: 'nginx accepted the file in its test but goes on serving the old one; its log says why; test is successful',
    });
    one.pass(plan(['/api']), newer);
    one.take('live');
    const looks = one.looks();
    one.trials.retry(1e9, false);
    expect(one.looks()).toBe(looks + 1);
  });

  it('is tried again only on request if a line of the file is at fault', () => {
    const one = served(['/api']);
    one.pass(plan(['/api']), newer);
    one.take('refused', { words: '[emerg] unknown directive "x" in /etc/nginx/meet-routing/routing.conf:7' });
    one.pass(plan(['/api']), newer);
    one.take('live');
    const looks = one.looks();
    one.trials.retry(1e9, false);
    expect(one.looks()).toBe(looks);
    one.trials.retry(1e9, true);
    expect(one.looks()).toBe(looks + 1);
    one.pass(plan(['/api']), newer);
    expect(one.content()).toMatch(/^# new/);
  });

  it('is known to the next process, which serves the good edition if it has the same templates', async () => {
    const kept = served(['/api']).kept.at(-1);
    const next = trialsWith({}, refusing('/more'), kept);
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

  it('is not published by the next process, which keeps the file without the good templates', async () => {
    const one = served(['/api'], {}, refusing('# new'));
    for (let count = 0; count < 8; count += 1) {
      one.pass(plan(['/api', '/more']), newer);
      await settled();
    }
    one.take('live');
    const kept = one.kept.at(-1);
    expect(JSON.stringify(kept)).not.toContain('it.groups');
    const next = trialsWith({}, refusing('# new'), kept);
    const choice = next.pass(plan(['/api', '/more'], '10.0.0.7:80'), newer);
    expect(choice.published).toBeUndefined();
    expect(choice.withdraw).toBe(false);
    expect(codes(choice).toSorted()).toEqual(['reload-rejected', 'template-broken']);
  });

  it('waits for a test after a restart if the templates are new, while the file stays unchanged', async () => {
    const kept = served(['/api']).kept.at(-1);
    const next = trialsWith({}, refusing('/bad'), kept);
    const first = next.pass(plan(['/api']), newer);
    expect([first.published, codes(first)]).toEqual([undefined, []]);
    await settled();
    next.pass(plan(['/api']), newer);
    expect(next.content()).toMatch(/^# new/);
  });

  it('is published after a restart if no frontend runs and the templates are new', () => {
    const next = trialsWith({}, refusing('/bad'), served(['/api']).kept.at(-1));
    next.pass(plan(['/api']), newer, []);
    expect(next.content()).toMatch(/^# new/);
  });
});

describe('without a working template', () => {
  it('a problem says that the last good template fails with the current containers', async () => {
    const picky = compileSet(new Map([['routing.conf.eta', '# picky <%= it.generation %> <%= it.upstreams[0].servers[0] %>\n']]));
    const one = trialsWith({}, refusing('# new'));
    one.pass(plan(['/api']), picky);
    one.take('live');
    one.pass(plan(['/api']), newer);
    await settled();
    const nobody = plan(['/api']);
    const choice = one.pass({ ...nobody, addresses: { ...nobody.addresses, upstreams: new Map() } }, newer);
    expect(choice.published).toBeUndefined();
    expect(codes(choice)).toContain('template-broken');
  });

  it('the last good structure is served if the last good template fails with the wanted structure', async () => {
    const picky = compileSet(
      new Map([['routing.conf.eta', `# picky <%= it.generation %> <% if (it.groups.length > 1) throw new Error('no'); %>${body}`]]),
    );
    for (const check of [undefined, refusing('# new')]) {
      const one = trialsWith({}, check);
      one.pass(plan(['/api']), picky);
      one.take('live');
      one.pass(plan(['/api', '/more']), newer);
      if (check === undefined) one.take('refused', { words: emerg });
      for (let round = 0; round < 4; round += 1) {
        await settled();
        one.pass(plan(['/api', '/more'], '10.0.0.8:80'), newer);
        one.take('live');
      }
      const choice = one.pass(plan(['/api', '/more'], '10.0.0.9:80'), newer);
      expect(one.content()).toMatch(/^# picky[^]*10\.0\.0\.9:80/);
      expect(codes(choice)).toEqual(['reload-rejected']);
      expect(choice.problems[0]?.message).toContain('the whole change is held back (the template; =/more)');
    }
  });

  it('the last good edition gets the current addresses', () => {
    const one = served(['/api']);
    const choice = one.trials.choose(plan(['/api'], '10.0.0.8:80'), undefined, [frontend]);
    expect(choice.published?.rendered.content).toContain('10.0.0.8:80');
  });

  it('no file is published if no edition is good', () => {
    expect(trialsWith().trials.choose(plan(['/api']), undefined, [frontend]).published).toBeUndefined();
  });
});
