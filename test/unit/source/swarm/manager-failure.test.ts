import { expect, it } from 'vitest';
import { refusal } from '../../../../src/source/swarm/manager-failure.ts';

const onManagers = 'deploy.placement.constraints: [node.role == manager]';
const worker = "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state.";

it.each([
  [503, JSON.stringify({ message: worker }), 'it is a worker, or in no swarm', onManagers],
  [
    503,
    JSON.stringify({ message: 'this node is a worker; put it elsewhere' }),
    'it answered 503: this node is a worker; put it elsewhere',
    '--managers',
  ],
  [
    500,
    '{"message":"rpc error: The swarm does not have a leader."}\n',
    'it answered 500: rpc error: The swarm does not have a leader.',
    '--managers',
  ],
  [502, '<h1>Bad gateway</h1>\n', 'it answered 502: <h1>Bad gateway</h1>', '--managers'],
  [500, '{"message":{}}', 'it answered 500: {"message":{}}', '--managers'],
  [500, '', 'it answered 500', '--managers'],
  [403, '', 'it refuses GET /tasks (403)', 'let GET /tasks through'],
  [301, '', 'it redirects GET /tasks (301)', '--managers'],
])('explains %i %s', (status, body, reason, cure) => {
  const failure = refusal('/tasks', status, body);
  expect(failure.message).toBe(reason);
  expect(failure.cure).toContain(cure);
});

it('shows a long answer in part', () => {
  expect(refusal('/tasks', 500, JSON.stringify({ message: 'x'.repeat(5000) })).message.length).toBeLessThan(300);
});
