import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documentedBlock } from '../../../support/docs/pages.ts';
import { shippedStub, stubIn } from '../../../support/real-layout.ts';
import { generationIn, judgeStub } from '../../../../src/doctor/facts/stub.ts';

const ports = { listen: 8083, status: 8084 };
const read = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

test('distinguishes the shipped stubs, the hand-written file of the seed, and a rendered file', () => {
  expect(judgeStub(shippedStub(), ports)).toEqual({ kind: 'good' });
  expect(judgeStub(read('templates/hook-stub.conf'), ports)).toEqual({ kind: 'good' });
  expect(judgeStub(read('test/e2e/seed/nginx-routing.conf'), ports)).toEqual({ kind: 'hand-written' });
  expect(judgeStub(read('test/golden/one-backend/routing.conf'), ports).kind).toBe('rendered');
});

test('accepts the documented stub for IPv6, which adds two lines to the usual stub, and a stub with IPv6 only', () => {
  const stub = stubIn(documentedBlock('docs/networks.md', 'stub for IPv6'));
  expect(judgeStub(stub, ports)).toEqual({ kind: 'good' });
  const withoutComments = shippedStub().replaceAll(/^ *#.*\n|^\n/gm, '');
  expect(stub.replaceAll(/^ *listen \[::\]:\d+;\n/gm, '')).toBe(withoutComments);
  expect(judgeStub(stub.replaceAll(/^ *listen \d+;\n/gm, ''), ports)).toEqual({ kind: 'good' });
});

test("accepts a tenant's stub with its own folder, if the stub has the ports of the labels", () => {
  const text = shippedStub().replace('meet-routing/*.conf', 'meet-routing/two/*.conf');
  expect(judgeStub(text, ports)).toEqual({ kind: 'good' });
  expect(judgeStub(text, { listen: 9083, status: 8084 })).toMatchObject({
    kind: 'changed',
    faults: ['no server listens on 9083 before a file is published'],
  });
});

test.each([
  ['an include in a comment', shippedStub().replace('include', '#include'), 'the include of /etc/nginx/meet-routing/*.conf is missing'],
  ['an empty file', '', 'the include of /etc/nginx/meet-routing/*.conf is missing'],
  ['a status server without /generation', shippedStub().replace('/generation', '/gen'), 'the status server has no /generation'],
])('refuses %s', (_, text, fault) => {
  const verdict = judgeStub(text, ports);
  expect(verdict.kind === 'changed' ? verdict.faults : []).toContain(fault);
});

test('reads a generation of 16 hex digits from its place in a rendered file', () => {
  expect(generationIn('return 200 "0123456789abcdef $nginx_version\\n";')).toBe('0123456789abcdef');
  expect(generationIn('return 200 "none $nginx_version\\n";')).toBeUndefined();
});
