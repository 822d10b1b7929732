import { describe, expect, it } from 'vitest';
import { problem } from '../../../src/model/problem.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import type { InstancePass } from '../../../src/loop/pass.ts';
import type { Cause } from '../../../src/loop/loop-state.ts';
import { createRecords } from '../../../src/sidecar/records.ts';
import { createReporter } from '../../../src/sidecar/reporter.ts';
import type { InstanceProof, Reporter } from '../../../src/sidecar/reporter.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { backend, frontend, observe } from '../../support/containers.ts';
import { recordLog } from '../../support/recorded-log.ts';
import type { RecordedLine } from '../../support/recorded-log.ts';

/** A reporter, and the lines that it has logged. */
function reporting(): { reporter: Reporter; lines: RecordedLine[]; live: () => readonly RecordedLine[] } {
  const { log, lines } = recordLog();
  return {
    reporter: createReporter(log, createRecords(new Map()).of, () => undefined),
    lines,
    live: () => lines.filter((line) => line.name === 'routesLive'),
  };
}

function pass(generation: string, address = '172.18.0.5'): InstancePass {
  const [instance] = readInstances(observe([frontend(), backend({ networks: { meet_default: `${address}/16` } })])).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  const wanted = planRouting(instance, []);
  const { view, routes } = wanted;
  return {
    instance,
    view,
    wanted,
    routes,
    rendered: { content: generation, generation },
    desired: generation,
    isOnTrial: false,
    publication: 'written',
  };
}

const at = (atMs: number, ...why: readonly string[]): Cause => ({ atMs, why });
const live = (servingAtMs: number): InstanceProof => ({ frontends: 1, unverified: 0, live: true, servingAtMs });
const notYet: InstanceProof = { frontends: 1, unverified: 0, live: false, servingAtMs: undefined };

describe('what operators are told of a change', () => {
  it('is one line when it is live, with what changed and how long it took', () => {
    const { reporter, live: told } = reporting();
    reporter.published(pass('a'), at(1000));
    reporter.proven('meet', notYet, 1010);
    expect(told()).toEqual([]);
    reporter.proven('meet', live(1050), 1250);
    reporter.proven('meet', live(1050), 1300);
    expect(told()).toMatchObject([{ instance: 'meet', generation: 'a', servingMs: 50, liveMs: 250 }]);
  });

  it('names addresses that came and went', () => {
    const { reporter, live: told } = reporting();
    reporter.published(pass('a'), at(1000));
    reporter.proven('meet', live(1050), 1250);
    reporter.published(pass('b', '172.18.0.6'), at(2000));
    reporter.proven('meet', live(2050), 2250);
    expect(told()[1]).toMatchObject({ generation: 'b', changes: ['- meet/backend 172.18.0.5:8000', '+ meet/backend 172.18.0.6:8000'] });
  });

  it('is one line for a change that another overtook, counted from the first', () => {
    const { reporter, live: told } = reporting();
    reporter.published(pass('a'), at(1000));
    reporter.published(pass('b'), at(1100));
    reporter.proven('meet', live(1200), 1400);
    expect(told()).toMatchObject([{ generation: 'b', servingMs: 200, liveMs: 400 }]);
  });

  it('says what led to it, and to one that it overtook', () => {
    const { reporter, live: told } = reporting();
    reporter.published(pass('a'), at(1000, 'b1: start'));
    reporter.published(pass('b'), at(1100, 'b1: start', 'b2\u001b: die'));
    reporter.proven('meet', live(1200), 1400);
    expect(told()).toMatchObject([{ why: ['b1: start', 'b2\\u{1b}: die'] }]);
  });

  it('counts from what nginx was asked about first, and names it', () => {
    const { reporter, live: told } = reporting();
    reporter.published(pass('a'), at(500, 'meet-gen started'));
    reporter.proven('meet', live(550), 600);
    reporter.published({ ...pass('a'), desired: 'b', isOnTrial: true, publication: 'unchanged' }, at(1000, 'b1: start'));
    reporter.published(pass('b', '172.18.0.6'), at(1300, 'what nginx said'));
    reporter.proven('meet', live(1350), 1550);
    reporter.published(pass('c', '172.18.0.7'), at(9000, 'b2: start'));
    reporter.proven('meet', live(9050), 9250);
    expect(told().slice(1)).toMatchObject([
      { generation: 'b', why: ['b1: start', 'what nginx said'], servingMs: 350 },
      { generation: 'c', why: ['b2: start'], servingMs: 50 },
    ]);
  });

  it('counts from where a reload was held back, and names that', () => {
    const { reporter, live: told } = reporting();
    reporter.published({ ...pass('a'), publication: { heldBackMs: 2000 } }, at(1000, 'b1: start'));
    reporter.published(pass('a'), at(3000, 'a reload that was held back'));
    reporter.proven('meet', live(3050), 3250);
    expect(told()).toMatchObject([{ generation: 'a', why: ['b1: start', 'a reload that was held back'], servingMs: 2050 }]);
  });

  it('does not count from what came to nothing', () => {
    const { reporter, live: told } = reporting();
    reporter.published(pass('a'), at(500, 'meet-gen started'));
    reporter.proven('meet', live(550), 600);
    reporter.published({ ...pass('a'), desired: 'b', isOnTrial: true, publication: 'unchanged' }, at(1000, 'b1: start'));
    reporter.published({ ...pass('a'), desired: 'b', publication: 'unchanged' }, at(1300, 'what nginx said'));
    reporter.published(pass('c', '172.18.0.7'), at(9000, 'b2: start'));
    reporter.proven('meet', live(9050), 9250);
    expect(told().slice(1)).toMatchObject([{ generation: 'c', why: ['b2: start'], servingMs: 50 }]);
  });

  it('is nothing while there is no frontend to serve it', () => {
    const { reporter, lines } = reporting();
    reporter.published(pass('a'), at(1000));
    reporter.proven('meet', { frontends: 0, unverified: 0, live: true, servingAtMs: undefined }, 1250);
    expect(lines).toEqual([]);
  });

  it('is a warning, not that it is live, when no frontend answers', () => {
    const { reporter, lines } = reporting();
    reporter.published(pass('a'), at(1000));
    reporter.proven('meet', { frontends: 2, unverified: 2, live: true, servingAtMs: undefined }, 6000);
    expect(lines).toMatchObject([{ name: 'routesUnproven', unverified: 2 }]);
  });

  it('says how many frontends do not answer, when another one does', () => {
    const { reporter, live: told } = reporting();
    reporter.published(pass('a'), at(1000));
    reporter.proven('meet', { frontends: 2, unverified: 1, live: true, servingAtMs: 1050 }, 6000);
    expect(told()).toMatchObject([{ unverified: 1 }]);
  });

  it('is nothing for a pass that changed nothing', () => {
    const { reporter, live: told } = reporting();
    reporter.published(pass('a'), at(1000));
    reporter.proven('meet', live(1050), 1250);
    reporter.published({ ...pass('a'), publication: 'unchanged' }, at(9000));
    reporter.proven('meet', live(1050), 9100);
    expect(told()).toHaveLength(1);
  });
});

describe('what operators are told of problems', () => {
  const error = problem('no-port', { container: 'c', message: 'm', cure: 'cure' });
  const warning = problem('unknown-label', { container: 'c', key: 'meet.x', message: 'm', cure: 'cure' });
  const notice = problem('foreign-project', { container: 'c', message: 'm', cure: 'cure' });

  it('is each once, with the weight that it has', () => {
    const { reporter, lines } = reporting();
    reporter.problems([error, warning, notice]);
    reporter.problems([notice, error, warning]);
    expect(lines.map(({ name, problem: item }) => [name, (item as { code: string }).code])).toEqual([
      ['problem', 'no-port'],
      ['problemWarning', 'unknown-label'],
      ['notice', 'foreign-project'],
    ]);
  });

  it('is that it is gone, and again when it comes back', () => {
    const { reporter, lines } = reporting();
    reporter.problems([error]);
    reporter.problems([]);
    reporter.problems([error]);
    expect(lines.map(({ name }) => name)).toEqual(['problem', 'problemResolved', 'problem']);
    expect(lines[1]).toMatchObject({ problem: { code: 'no-port', container: 'c' } });
  });

  it('is not that it is gone where only its words are other ones now', () => {
    const { reporter, lines } = reporting();
    reporter.problems([error]);
    reporter.problems([{ ...error, message: 'more is known' }]);
    expect(lines.map(({ name }) => name)).toEqual(['problem', 'problem']);
    reporter.problems([]);
    expect(lines.map(({ name }) => name)).toEqual(['problem', 'problem', 'problemResolved']);
  });
});
