import { expect, it } from 'vitest';
import { createEngineReport } from '../../../src/reader/engine-report.ts';
import { EngineError } from '../../../src/source/engine-error.ts';
import { recordLog } from '../../support/recorded-log.ts';

const away = new EngineError('no engine', { cure: 'start Docker' });

it('logs a failure once for each call and reason, and its end', () => {
  const { log, lines } = recordLog();
  const report = createEngineReport(log, 'unix:///d.sock', () => 0);
  report.worked('/tasks');
  for (const call of ['/tasks', '/tasks', '/services']) report.failed(call, away);
  report.failed('/tasks', new Error('cut'));
  report.worked('/tasks');
  report.worked('/tasks');
  expect(lines.map(({ name, call, reason, cure }) => [name, call, reason, cure])).toEqual([
    ['readerEngineFails', '/tasks', 'no engine', 'start Docker'],
    ['readerEngineFails', '/services', 'no engine', 'start Docker'],
    ['readerEngineFails', '/tasks', 'cut', "read the engine's log"],
    ['readerEngineAnswers', '/tasks', undefined, undefined],
  ]);
});

it('logs a failure that alternates with success at most once a minute', () => {
  const { log, lines } = recordLog();
  let nowMs = 0;
  const report = createEngineReport(log, 'unix:///d.sock', () => nowMs);
  for (let nth = 0; nth < 120; nth += 1) {
    report.failed('/tasks', away);
    report.worked('/tasks');
    nowMs += 1000;
  }
  expect(lines.filter(({ name }) => name === 'readerEngineFails')).toHaveLength(2);
  expect(lines.filter(({ name }) => name === 'readerEngineAnswers')).toHaveLength(2);
});
