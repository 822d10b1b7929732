import { afterAll, beforeAll, expect, test } from 'vitest';
import { providedEngine } from '../../providers/engine/provided.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';

// A request that kills a worker of each replica: nginx tries one replica after the other, and all of them fail.

const poison = '/api/v1.0/poison/';
const api = '/api/v1.0/config/';
const manyTimes = 20;
const server = `
  const { createServer } = require('node:http');
  createServer((request, response) => {
    if (request.url === '${poison}') return request.socket.resetAndDestroy();
    response.setHeader('X-Backend-Host', require('node:os').hostname());
    response.setHeader('Content-Type', 'application/json');
    response.end('{}');
  }).listen(8000);
`;

let meet: MeetStack;

beforeAll(async () => {
  meet = await startMeet(providedEngine(), 'poison', { services: { backend: { command: ['node', '-e', server] } }, scale: { backend: 2 } });
});
afterAll(() => meet?.down());

test('a request that fails at all replicas affects no other request: nginx takes no replica out', async () => {
  await meet.routed({ [api]: ['backend-1', 'backend-2'] });
  expect((await meet.ask(poison)).status).toBe(503);
  const answers: number[] = [];
  for (let count = 0; count < manyTimes; count++) answers.push((await meet.ask(api)).status);
  expect(answers).toEqual(Array.from({ length: manyTimes }, () => 200));
});
