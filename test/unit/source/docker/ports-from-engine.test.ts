import { expect, test } from 'vitest';
import { exposedTcpPortsFrom } from '../../../../src/source/docker/ports-from-engine.ts';

test.each([
  [{ '8000/tcp': {}, '443/tcp': {}, '53/udp': {}, '99999/tcp': {}, '1;}/tcp': {} }, [443, 8000]],
  [{ '3000': {}, '4000-4010': {}, '5000-5010/tcp': {}, '6000-6010/udp': {} }, [3000, 4000, 5000]],
  [{}, []],
  [null, []],
  ['8000/tcp', []],
])('of %j these are the TCP ports, ascending', (exposed, expected) => {
  expect(exposedTcpPortsFrom({ Id: 'a', Config: { ExposedPorts: exposed, Env: ['SECRET=1'] } }, 'a')).toEqual(expected);
});

test.each([{ Id: 'b', Config: {} }, {}, [], null, 'a'])('ports of no container, or of another one, are an error: %j', (other) => {
  expect(() => exposedTcpPortsFrom(other, 'a')).toThrow('does not describe this container');
});
