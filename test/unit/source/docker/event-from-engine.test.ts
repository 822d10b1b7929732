import { describe, expect, it } from 'vitest';
import { profileFor } from '../../../../src/source/docker/engine-profile.ts';
import { eventFromEngine } from '../../../../src/source/docker/event-from-engine.ts';

const id = 'f'.repeat(64);
const line = (event: unknown): string => JSON.stringify(event);
const container = (Action: string, Attributes: Record<string, string> = {}, more: object = {}): string =>
  line({ Type: 'container', Action, Actor: { ID: id, Attributes }, ...more });

describe('a line of the event stream', () => {
  it('becomes an event', () => {
    expect(
      eventFromEngine(
        container('start', { 'meet.role': 'backend', name: 'meet-backend-1' }, { time: 1, timeNano: 1_700_000_000_123_000_000 }),
      ),
    ).toEqual({
      type: 'container',
      action: 'start',
      containerId: id,
      hasRole: true,
      atMs: 1_700_000_000_123,
    });
  });

  it('has the signal of a kill', () => {
    expect(eventFromEngine(container('kill', { signal: '15' }))).toMatchObject({ action: 'kill', signal: 15, hasRole: false });
  });

  it('has no signal if the signal is a list of lists, however deep', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const text = container('kill', { signal: 'DEEP' }).replace('"DEEP"', deep);
    expect(eventFromEngine(text)).toMatchObject({ action: 'kill' });
    expect(eventFromEngine(text)).not.toHaveProperty('signal');
  });

  it('is skipped if the id would make the next request too long', () => {
    expect(eventFromEngine(line({ Type: 'container', Action: 'die', Actor: { ID: 'f'.repeat(257) } }))).toBeUndefined();
  });

  it.each([{}, { signal: 'SIGTERM' }, { signal: '1.5' }, { signal: 15 }, { signal: ['15'] }, { signal: '' }])(
    'has no signal for a kill with the attributes %j',
    (attributes) => {
      expect(eventFromEngine(container('kill', attributes as Record<string, string>))).not.toHaveProperty('signal');
    },
  );

  it.each([
    ['health_status: healthy', 'health_status'],
    ['health_status: unhealthy', 'health_status'],
    ['health_status', 'health_status'],
    ['exec_create: sh -c true', 'exec_create'],
    ['', ''],
  ])('with the action %j becomes a %j', (action, expected) => {
    expect(eventFromEngine(container(action))?.action).toBe(expected);
  });

  it('about a network has the id of the container, and never a role', () => {
    const network = {
      Type: 'network',
      Action: 'connect',
      Actor: { ID: 'n', Attributes: { container: id, name: 'meet_default', 'meet.role': 'x' } },
    };
    expect(eventFromEngine(line(network))).toMatchObject({
      type: 'network',
      action: 'connect',
      containerId: id,
      network: 'meet_default',
      hasRole: false,
    });
  });

  it.each(['a', id.slice(0, 12), `${id}${id}`, 'not hex at all', '../x'])('may have the odd id %j, which is only compared', (odd) => {
    expect(eventFromEngine(line({ Type: 'container', Action: 'die', Actor: { ID: odd } }))?.containerId).toBe(odd);
  });

  it.each([
    '',
    'not json',
    '{"Type":"contai',
    'null',
    '[]',
    '7',
    '"x"',
    '{}',
    line({ Type: 'image', Action: 'pull', Actor: { ID: id } }),
    line({ Type: 'container', Action: 'die' }),
    line({ Type: 'container', Action: 'die', Actor: { ID: '' } }),
    line({ Type: 'container', Action: 'die', Actor: { ID: 7 } }),
    line({ Type: 'container', Action: 7, Actor: { ID: id } }),
    line({ Type: 'container', Actor: { ID: id } }),
    line({ Type: 'network', Action: 'connect', Actor: { ID: id, Attributes: {} } }),
    line({ Type: 'network', Action: 'connect', Actor: { ID: id } }),
    line({ message: 'an error in the middle of the stream' }),
  ])('is skipped if it is not about a container: %s', (text) => {
    expect(eventFromEngine(text)).toBeUndefined();
  });
});

it.each(['1e400', '-1e30', '0', '1', '9e16', '1e-300', '"1"', 'null', '[1]'])('ignores the time %s', (timeNano) => {
  const event = `{"Type":"container","Action":"start","Actor":{"ID":"a"},"timeNano":${timeNano}}`;
  expect(eventFromEngine(event)).toEqual({ type: 'container', action: 'start', containerId: 'a', hasRole: false });
});

describe('a line of the event stream of Podman', () => {
  const podman = profileFor({ 'libpod-api-version': '5.4.2' });

  it.each([
    ['died', 'die'],
    ['die', 'die'],
    ['remove', 'destroy'],
    ['restart', 'restarting'],
    ['start', 'start'],
    ['constructor', 'constructor'],
  ])('with the action %j becomes a %j', (action, expected) => {
    expect(eventFromEngine(container(action), podman)?.action).toBe(expected);
  });

  it('about a network has the container as its actor', () => {
    const network = {
      Type: 'network',
      Action: 'connect',
      Actor: { ID: id, Attributes: { name: 'meet-backend-1', network: 'meet_default' } },
    };
    expect(eventFromEngine(line(network), podman)).toMatchObject({ type: 'network', action: 'connect', containerId: id });
  });

  it.each([
    ['die', { exitCode: '0' }, true],
    ['died', { exitCode: '137' }, true],
    ['die', { exitCode: '143' }, true],
    ['die', { exitCode: '1' }, false],
    ['die', { exitCode: '' }, false],
    ['die', {}, false],
    ['die', { containerExitCode: '0', exitCode: '1' }, false],
    ['start', { containerExitCode: '0', exitCode: '0' }, false],
  ])('%s with %j can be a stop: %s', (action, attributes, mayBeStop) => {
    expect(eventFromEngine(container(action, attributes as Record<string, string>), podman)?.mayBeStop ?? false).toBe(mayBeStop);
  });

  it("is not read like that on Docker, whose events announce a stop's beginning", () => {
    expect(eventFromEngine(container('die', { exitCode: '0' }))).not.toHaveProperty('mayBeStop');
    expect(eventFromEngine(container('restart'))?.action).toBe('restart');
  });
});
