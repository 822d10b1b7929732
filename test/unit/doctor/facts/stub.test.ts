import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documentedBlock } from '../../../support/docs/pages.ts';
import { shippedStub, stubIn } from '../../../support/real-layout.ts';
import { generationIn, judgeStub } from '../../../../src/doctor/facts/stub.ts';

const ports = { listen: 8083, status: 8084 };
const read = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

test('the shipped stubs are good, the seed is hand-written, a rendered file is that', () => {
  expect(judgeStub(shippedStub(), ports)).toEqual({ kind: 'good' });
  expect(judgeStub(read('templates/hook-stub.conf'), ports)).toEqual({ kind: 'good' });
  expect(judgeStub(read('test/e2e/seed/nginx-routing.conf'), ports)).toEqual({ kind: 'hand-written' });
  expect(judgeStub(read('test/golden/one-backend/routing.conf'), ports).kind).toBe('rendered');
});

test('the documented stub for IPv6 is good, and the usual one but for two lines; so is one that listens on IPv6 alone', () => {
  const stub = stubIn(documentedBlock('docs/networks.md', 'stub for IPv6'));
  expect(judgeStub(stub, ports)).toEqual({ kind: 'good' });
  const withoutComments = shippedStub().replaceAll(/^ *#.*\n|^\n/gm, '');
  expect(stub.replaceAll(/^ *listen \[::\]:\d+;\n/gm, '')).toBe(withoutComments);
  expect(judgeStub(stub.replaceAll(/^ *listen \d+;\n/gm, ''), ports)).toEqual({ kind: 'good' });
});

test("a tenant's stub includes its own folder; other ports have to be in it", () => {
  const text = shippedStub().replace('meet-routing/*.conf', 'meet-routing/two/*.conf');
  expect(judgeStub(text, ports)).toEqual({ kind: 'good' });
  expect(judgeStub(text, { listen: 9083, status: 8084 })).toMatchObject({
    kind: 'changed',
    faults: ['no server listens on 9083 until there is something rendered'],
  });
});

test.each([
  ['a comment is no include', shippedStub().replace('include', '#include'), 'it does not include /etc/nginx/meet-routing/*.conf'],
  ['an empty file', '', 'it does not include /etc/nginx/meet-routing/*.conf'],
  ['no generation', shippedStub().replace('/generation', '/gen'), 'the status server has no /generation'],
])('%s', (_, text, fault) => {
  const verdict = judgeStub(text, ports);
  expect(verdict.kind === 'changed' ? verdict.faults : []).toContain(fault);
});

test('a generation is 16 hex digits in the place where the template puts it', () => {
  expect(generationIn('return 200 "0123456789abcdef $nginx_version\\n";')).toBe('0123456789abcdef');
  expect(generationIn('return 200 "none $nginx_version\\n";')).toBeUndefined();
});
