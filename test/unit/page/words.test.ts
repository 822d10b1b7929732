import { expect, it } from 'vitest';
import { elementId, viewMoment } from '../../../src/page/words.ts';

it.each([
  ['2026-01-31T11:59:30.000Z', '2026-01-31 11:59:30 UTC', 'just now'],
  ['2026-01-31T11:57:59.000Z', '2026-01-31 11:57:59 UTC', '2 min ago'],
  ['2026-01-31T09:00:00.000Z', '2026-01-31 09:00:00 UTC', '3 h ago'],
  ['2026-01-20T12:00:00.000Z', '2026-01-20 12:00:00 UTC', '11 days ago'],
])('shows the time %s with its age', (iso, text, ago) => {
  expect(viewMoment(iso, Date.parse('2026-01-31T12:00:00.000Z'))).toEqual({ iso, text, ago });
});

it('gives different texts different ids, without blanks', () => {
  expect(elementId('service', 'meet', 'meet/back end')).toBe('service.meet.meet_2f_back_20_end');
  const texts = ['a/b', 'a b', 'a.b', 'a_b', 'a_2f_b', 'ab', 'a\u00e9b'];
  expect(new Set(texts.map((text) => elementId(text))).size).toBe(texts.length);
});
