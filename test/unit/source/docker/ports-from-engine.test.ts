import { expect, test } from 'vitest';
import { exposedTcpPortsFrom } from '../../../../src/source/docker/ports-from-engine.ts';

test.each([
  [{ '8000/tcp': {}, '443/tcp': {}, '53/udp': {}, '99999/tcp': {}, '1;}/tcp': {} }, [443, 8000]],
  [{ '3000': {}, '4000-4010': {}, '5000-5010/tcp': {}, '6000-6010/udp': {} }, [3000, 4000, 5000]],
  [{}, []],
  [null, []],
  ['8000/tcp', []],
])('reads the TCP ports of %j in ascending order', (exposed, expected) => {
  expect(exposedTcpPortsFrom({ Id: 'a', Config: { ExposedPorts: exposed, Env: ['SECRET=1'] } }, 'a')).toEqual(expected);
});

test.each([{ Id: 'b', Config: {} }, {}, [], null, 'a'])('refuses an answer that is not about the container: %j', (other) => {
  expect(() => exposedTcpPortsFrom(other, 'a')).toThrow('is about another container');
});
