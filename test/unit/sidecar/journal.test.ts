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
function startJournal(): { journal: Journal; lines: RecordedLine[]; liveLines: () => readonly RecordedLine[] } {
  const { log, lines } = recordLog();
  return {
    journal: createJournal(createRecords(new Map()).of, (entry) => logEntry(log, entry)),
    lines,
    liveLines: () => lines.filter((line) => line.name === 'routesLive'),
  };
}

function pass(generation: string, address = '172.18.0.5'): InstancePass {
  const [instance] = readInstances(observe([frontend(), backend({ networks: { meet_default: `${address}/16` } })])).instances;
  if (instance === undefined) throw new Error('no instance was read, although there is a frontend');
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

describe('the log of a change', () => {
  it('is one line when the change is live, with its duration', () => {
    const { journal, liveLines } = startJournal();
    journal.passed(pass('a'), at(1000));
    journal.proven('meet', notYet, 1010);
    expect(liveLines()).toEqual([]);
    journal.proven('meet', live(1050), 1250);
    journal.proven('meet', live(1050), 1300);
    expect(liveLines()).toMatchObject([{ instance: 'meet', generation: 'a', servingMs: 50, liveMs: 250 }]);
  });

  it('names removed and added addresses', () => {
    const { journal, liveLines } = startJournal();
    journal.passed(pass('a'), at(1000));
    journal.proven('meet', live(1050), 1250);
    journal.passed(pass('b', '172.18.0.6'), at(2000));
    journal.proven('meet', live(2050), 2250);
    expect(liveLines()[1]).toMatchObject({
      generation: 'b',
      changes: ['- meet/backend 172.18.0.5:8000', '+ meet/backend 172.18.0.6:8000'],
    });
  });

  it('is one line for two overlapping changes, timed from the first', () => {
    const { journal, liveLines } = startJournal();
    journal.passed(pass('a'), at(1000));
    journal.passed(pass('b'), at(1100));
    journal.proven('meet', live(1200), 1400);
    expect(liveLines()).toMatchObject([{ generation: 'b', servingMs: 200, liveMs: 400 }]);
  });

  it('names the causes of both overlapping changes', () => {
    const { journal, liveLines } = startJournal();
    journal.passed(pass('a'), at(1000, 'b1: start'));
    journal.passed(pass('b'), at(1100, 'b1: start', 'b2\u001b: die'));
    journal.proven('meet', live(1200), 1400);
    expect(liveLines()).toMatchObject([{ why: ['b1: start', 'b2\\u{1b}: die'] }]);
  });

  it('is timed from the change that nginx tested first, and names its cause', () => {
    const { journal, liveLines } = startJournal();
    journal.passed(pass('a'), at(500, 'meet-gen started'));
    journal.proven('meet', live(550), 600);
    journal.passed({ ...pass('a'), desired: 'b', isOnTrial: true, publication: 'unchanged' }, at(1000, 'b1: start'));
    journal.passed(pass('b', '172.18.0.6'), at(1300, "nginx's answer to a file"));
    journal.proven('meet', live(1350), 1550);
    journal.passed(pass('c', '172.18.0.7'), at(9000, 'b2: start'));
    journal.proven('meet', live(9050), 9250);
    expect(liveLines().slice(1)).toMatchObject([
      { generation: 'b', why: ['b1: start', "nginx's answer to a file"], servingMs: 350 },
      { generation: 'c', why: ['b2: start'], servingMs: 50 },
    ]);
  });

  it('is timed from the change whose reload was held back, and names its cause', () => {
    const { journal, liveLines } = startJournal();
    journal.passed({ ...pass('a'), publication: { throttledMs: 2000 } }, at(1000, 'b1: start'));
    journal.passed(pass('a'), at(3000, 'a reload that was held back'));
    journal.proven('meet', live(3050), 3250);
    expect(liveLines()).toMatchObject([{ generation: 'a', why: ['b1: start', 'a reload that was held back'], servingMs: 2050 }]);
  });

  it('is not timed from a change that was never published', () => {
    const { journal, liveLines } = startJournal();
    journal.passed(pass('a'), at(500, 'meet-gen started'));
    journal.proven('meet', live(550), 600);
    journal.passed({ ...pass('a'), desired: 'b', isOnTrial: true, publication: 'unchanged' }, at(1000, 'b1: start'));
    journal.passed({ ...pass('a'), desired: 'b', publication: 'unchanged' }, at(1300, "nginx's answer to a file"));
    journal.passed(pass('c', '172.18.0.7'), at(9000, 'b2: start'));
    journal.proven('meet', live(9050), 9250);
    expect(liveLines().slice(1)).toMatchObject([{ generation: 'c', why: ['b2: start'], servingMs: 50 }]);
  });

  it('is empty while there is no frontend', () => {
    const { journal, lines } = startJournal();
    journal.passed(pass('a'), at(1000));
    journal.proven('meet', [], 1250);
    expect(lines).toEqual([]);
  });

  it('is a warning if no frontend answers', () => {
    const { journal, lines } = startJournal();
    journal.passed(pass('a'), at(1000));
    journal.proven('meet', [silent, silent], 6000);
    expect(lines).toMatchObject([{ name: 'routesUnproven', unverified: 2 }]);
  });

  it('counts the frontends that do not answer, if another does', () => {
    const { journal, liveLines } = startJournal();
    journal.passed(pass('a'), at(1000));
    journal.proven('meet', [silent, ...live(1050)], 6000);
    expect(liveLines()).toMatchObject([{ unverified: 1 }]);
  });

  it('is empty for a pass without changes', () => {
    const { journal, liveLines } = startJournal();
    journal.passed(pass('a'), at(1000));
    journal.proven('meet', live(1050), 1250);
    journal.passed({ ...pass('a'), publication: 'unchanged' }, at(9000));
    journal.proven('meet', live(1050), 9100);
    expect(liveLines()).toHaveLength(1);
  });
});

describe('the log of problems', () => {
  const error = problem('no-port', { container: 'c', message: 'm', cure: 'cure' });
  const warning = problem('unknown-label', { container: 'c', key: 'meet.x', message: 'm', cure: 'cure' });
  const notice = problem('foreign-project', { container: 'c', message: 'm', cure: 'cure' });

  it('has each problem once, at the level of its severity', () => {
    const { journal, lines } = startJournal();
    journal.problems([error, warning, notice]);
    journal.problems([notice, error, warning]);
    expect(lines.map(({ name, problem: item }) => [name, (item as { code: string }).code])).toEqual([
      ['problem', 'no-port'],
      ['problemWarning', 'unknown-label'],
      ['notice', 'foreign-project'],
    ]);
  });

  it('has the end of a problem, and the problem again when it returns', () => {
    const { journal, lines } = startJournal();
    journal.problems([error]);
    journal.problems([]);
    journal.problems([error]);
    expect(lines.map(({ name }) => name)).toEqual(['problem', 'problemResolved', 'problem']);
    expect(lines[1]).toMatchObject({ problem: { code: 'no-port', container: 'c' } });
  });

  it('has no end of a problem if only its message changes', () => {
    const { journal, lines } = startJournal();
    journal.problems([error]);
    journal.problems([{ ...error, message: 'more is known' }]);
    expect(lines.map(({ name }) => name)).toEqual(['problem', 'problem']);
    journal.problems([]);
    expect(lines.map(({ name }) => name)).toEqual(['problem', 'problem', 'problemResolved']);
  });
});
