import { expect, it } from 'vitest';
import { newQuestion } from '../../../../src/source/swarm/question.ts';
import {
  hashBody,
  nonceHeader,
  noncePattern,
  protocolHeader,
  signAnswer,
  signatureHeader,
  signEvent,
} from '../../../../src/source/swarm/signature.ts';

const secret = Buffer.from('a secret of enough bytes');
const signed = { path: '/tasks', status: 200, etag: 'e1' };
const answer = { ...signed, body: '[]' };
const signAs = (secretOf: Buffer, nonce: string): string => signAnswer(secretOf, nonce, { ...signed, bodyHash: hashBody(answer.body) });

function nonceOf(question: ReturnType<typeof newQuestion>): string {
  return question.headers[nonceHeader] ?? '';
}

it('each question has a nonce of its own', () => {
  const [one, other] = [nonceOf(newQuestion(secret)), nonceOf(newQuestion(secret))];
  expect(one).toMatch(noncePattern);
  expect(other).not.toBe(one);
});

it('without a secret, no nonce is sent and every answer is accepted', () => {
  const question = newQuestion(undefined);
  expect(question.headers).toEqual({});
  expect(() => question.checkAnswer({}, answer)).not.toThrow();
  expect(question.checkEvent(0, '{"Type":"service"}')).toBe('{"Type":"service"}');
});

it('accepts an answer with the right signature', () => {
  const question = newQuestion(secret);
  const headers = { [signatureHeader]: signAs(secret, nonceOf(question)), [protocolHeader]: '1' };
  expect(() => question.checkAnswer(headers, answer)).not.toThrow();
});

const changes: readonly (readonly [name: string, change: Partial<typeof answer>])[] = [
  ['path', { path: '/services' }],
  ['status', { status: 304 }],
  ['etag', { etag: 'e2' }],
  ['body', { body: '[{}]' }],
];

it.each(changes)('refuses an answer with another %s', (_, change) => {
  const question = newQuestion(secret);
  const headers = { [signatureHeader]: signAs(secret, nonceOf(question)), [protocolHeader]: '1' };
  expect(() => question.checkAnswer(headers, { ...answer, ...change })).toThrow('its answer has a wrong signature');
});

it('refuses an old answer, another secret, another protocol, and no signature', () => {
  const question = newQuestion(secret);
  const check = (signature: string | undefined, protocol = '1'): void =>
    question.checkAnswer({ ...(signature === undefined ? {} : { [signatureHeader]: signature }), [protocolHeader]: protocol }, answer);
  expect(() => check(signAs(secret, nonceOf(newQuestion(secret))))).toThrow('a wrong signature');
  expect(() => check(signAs(Buffer.from('another secret of enough bytes'), nonceOf(question)))).toThrow('a wrong signature');
  expect(() => check(signAs(secret, nonceOf(question)), '2')).toThrow('not compatible');
  expect(() => check('0'.repeat(64))).toThrow('a wrong signature');
  expect(() => check(undefined)).toThrow('no signature');
});

it('accepts signed events in their order alone', () => {
  const question = newQuestion(secret);
  const line = (index: number, json: string): string => `${signEvent(secret, nonceOf(question), index, json)} ${json}`;
  expect(question.checkEvent(0, line(0, '{"a":"b c"}'))).toBe('{"a":"b c"}');
  for (const bad of [line(0, '{}'), '{}', '', ' {}', line(1, '{}').replace('{}', '[]')])
    expect(() => question.checkEvent(1, bad)).toThrow('a wrong signature');
});
