import { describe, expect, it } from 'vitest';
import { problem } from '../../../src/model/problem.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import type { InstancePass } from '../../../src/loop/pass.ts';
import type { Cause } from '../../../src/loop/loop-state.ts';
import { createRecords } from '../../../src/sidecar/records.ts';
import type { FrontendReport } from '../../../src/reload/prover.ts';
import { createJournal } from '../../../src/sidecar/journal.ts';
import type { Journal } from '../../../src/sidecar/journal.ts';
import { logEntry } from '../../../src/sidecar/journal-log.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { frontendReport } from '../../support/frontend-report.ts';
import { backend, frontend, observe } from '../../support/containers.ts';
import { recordLog } from '../../support/recorded-log.ts';
import type { RecordedLine } from '../../support/recorded-log.ts';

/** A journal, and the lines that its entries write into the log. */
function journaling(): { journal: Journal; lines: RecordedLine[]; live: () => readonly RecordedLine[] } {
  const { log, lines } = recordLog();
  return {
    journal: createJournal(createRecords(new Map()).of, (entry) => logEntry(log, entry)),
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
const live = (servingAtMs: number): readonly FrontendReport[] => [frontendReport('live', 'any', { servingAtMs })];
const notYet = [frontendReport('reloading', 'any')];
const silent = frontendReport('unverified', 'any');

describe('what operators are told of a change', () => {
  it('is one line when it is live, with what changed and how long it took', () => {
    const { journal, live: told } = journaling();
    journal.passed(pass('a'), at(1000));
    journal.proven('meet', notYet, 1010);
    expect(told()).toEqual([]);
    journal.proven('meet', live(1050), 1250);
    journal.proven('meet', live(1050), 1300);
    expect(told()).toMatchObject([{ instance: 'meet', generation: 'a', servingMs: 50, liveMs: 250 }]);
  });

  it('names addresses that came and went', () => {
    const { journal, live: told } = journaling();
    journal.passed(pass('a'), at(1000));
    journal.proven('meet', live(1050), 1250);
    journal.passed(pass('b', '172.18.0.6'), at(2000));
    journal.proven('meet', live(2050), 2250);
    expect(told()[1]).toMatchObject({ generation: 'b', changes: ['- meet/backend 172.18.0.5:8000', '+ meet/backend 172.18.0.6:8000'] });
  });

  it('is one line for a change that another overtook, counted from the first', () => {
    const { journal, live: told } = journaling();
    journal.passed(pass('a'), at(1000));
    journal.passed(pass('b'), at(1100));
    journal.proven('meet', live(1200), 1400);
    expect(told()).toMatchObject([{ generation: 'b', servingMs: 200, liveMs: 400 }]);
  });

  it('says what led to it, and to one that it overtook', () => {
    const { journal, live: told } = journaling();
    journal.passed(pass('a'), at(1000, 'b1: start'));
    journal.passed(pass('b'), at(1100, 'b1: start', 'b2\u001b: die'));
    journal.proven('meet', live(1200), 1400);
    expect(told()).toMatchObject([{ why: ['b1: start', 'b2\\u{1b}: die'] }]);
  });

  it('counts from what nginx was asked about first, and names it', () => {
    const { journal, live: told } = journaling();
    journal.passed(pass('a'), at(500, 'meet-gen started'));
    journal.proven('meet', live(550), 600);
    journal.passed({ ...pass('a'), desired: 'b', isOnTrial: true, publication: 'unchanged' }, at(1000, 'b1: start'));
    journal.passed(pass('b', '172.18.0.6'), at(1300, 'what nginx said'));
    journal.proven('meet', live(1350), 1550);
    journal.passed(pass('c', '172.18.0.7'), at(9000, 'b2: start'));
    journal.proven('meet', live(9050), 9250);
    expect(told().slice(1)).toMatchObject([
      { generation: 'b', why: ['b1: start', 'what nginx said'], servingMs: 350 },
      { generation: 'c', why: ['b2: start'], servingMs: 50 },
    ]);
  });

  it('counts from where a reload was held back, and names that', () => {
    const { journal, live: told } = journaling();
    journal.passed({ ...pass('a'), publication: { throttledMs: 2000 } }, at(1000, 'b1: start'));
    journal.passed(pass('a'), at(3000, 'a reload that was held back'));
    journal.proven('meet', live(3050), 3250);
    expect(told()).toMatchObject([{ generation: 'a', why: ['b1: start', 'a reload that was held back'], servingMs: 2050 }]);
  });

  it('does not count from what came to nothing', () => {
    const { journal, live: told } = journaling();
    journal.passed(pass('a'), at(500, 'meet-gen started'));
    journal.proven('meet', live(550), 600);
    journal.passed({ ...pass('a'), desired: 'b', isOnTrial: true, publication: 'unchanged' }, at(1000, 'b1: start'));
    journal.passed({ ...pass('a'), desired: 'b', publication: 'unchanged' }, at(1300, 'what nginx said'));
    journal.passed(pass('c', '172.18.0.7'), at(9000, 'b2: start'));
    journal.proven('meet', live(9050), 9250);
    expect(told().slice(1)).toMatchObject([{ generation: 'c', why: ['b2: start'], servingMs: 50 }]);
  });

  it('is nothing while there is no frontend to serve it', () => {
    const { journal, lines } = journaling();
    journal.passed(pass('a'), at(1000));
    journal.proven('meet', [], 1250);
    expect(lines).toEqual([]);
  });

  it('is a warning, not that it is live, when no frontend answers', () => {
    const { journal, lines } = journaling();
    journal.passed(pass('a'), at(1000));
    journal.proven('meet', [silent, silent], 6000);
    expect(lines).toMatchObject([{ name: 'routesUnproven', unverified: 2 }]);
  });

  it('says how many frontends do not answer, when another one does', () => {
    const { journal, live: told } = journaling();
    journal.passed(pass('a'), at(1000));
    journal.proven('meet', [silent, ...live(1050)], 6000);
    expect(told()).toMatchObject([{ unverified: 1 }]);
  });

  it('is nothing for a pass that changed nothing', () => {
    const { journal, live: told } = journaling();
    journal.passed(pass('a'), at(1000));
    journal.proven('meet', live(1050), 1250);
    journal.passed({ ...pass('a'), publication: 'unchanged' }, at(9000));
    journal.proven('meet', live(1050), 9100);
    expect(told()).toHaveLength(1);
  });
});

describe('what operators are told of problems', () => {
  const error = problem('no-port', { container: 'c', message: 'm', cure: 'cure' });
  const warning = problem('unknown-label', { container: 'c', key: 'meet.x', message: 'm', cure: 'cure' });
  const notice = problem('foreign-project', { container: 'c', message: 'm', cure: 'cure' });

  it('is each once, with the weight that it has', () => {
    const { journal, lines } = journaling();
    journal.problems([error, warning, notice]);
    journal.problems([notice, error, warning]);
    expect(lines.map(({ name, problem: item }) => [name, (item as { code: string }).code])).toEqual([
      ['problem', 'no-port'],
      ['problemWarning', 'unknown-label'],
      ['notice', 'foreign-project'],
    ]);
  });

  it('is that it is gone, and again when it comes back', () => {
    const { journal, lines } = journaling();
    journal.problems([error]);
    journal.problems([]);
    journal.problems([error]);
    expect(lines.map(({ name }) => name)).toEqual(['problem', 'problemResolved', 'problem']);
    expect(lines[1]).toMatchObject({ problem: { code: 'no-port', container: 'c' } });
  });

  it('is not that it is gone where only its words are other ones now', () => {
    const { journal, lines } = journaling();
    journal.problems([error]);
    journal.problems([{ ...error, message: 'more is known' }]);
    expect(lines.map(({ name }) => name)).toEqual(['problem', 'problem']);
    journal.problems([]);
    expect(lines.map(({ name }) => name)).toEqual(['problem', 'problem', 'problemResolved']);
  });
});
