import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ComposeError } from '../../../../src/source/compose/compose-error.ts';
import { readProject, type ComposeProject, type ComposeService } from '../../../../src/source/compose/resolved-project.ts';
import { composeVersions } from '../../../providers/engine/compose-versions.ts';
import { projectCases } from '../../../support/compose-projects/projects.ts';
import { recordingOf } from '../../../support/compose-projects/recordings.ts';

const read = (value: unknown): ComposeProject => readProject(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
const withService = (definition: object): ComposeProject => read({ name: 'meet', services: { a: definition } });

function only(definition: object): ComposeService {
  const [service] = withService(definition).services;
  if (service === undefined) throw new Error('there is no service');
  return service;
}

describe.each(composeVersions)('reads what Compose %s made of', (version) => {
  it.each(Object.entries(projectCases))('%s', (name, { resolved }) => {
    const project = readProject(readFileSync(recordingOf(version, name)));
    expect(project).toMatchObject({ ...resolved, services: resolved.services });
    expect(project.services.map((service) => service.name)).toEqual(resolved.services.map((service) => service.name));
  });
});

describe('ports of a container', () => {
  it.each([
    ['none', {}, []],
    ['null', { ports: null, expose: null }, []],
    ['a target without a protocol', { ports: [{ target: 80 }] }, [80]],
    ['a target that is text', { ports: [{ target: '80' }] }, [80]],
    ['no target', { ports: [{ published: '80' }] }, []],
    ['numbers and texts', { expose: [3000, '9000', '9000/tcp'] }, [3000, 9000]],
    ['other protocols', { ports: [{ target: 53, protocol: 'udp' }], expose: ['53/udp', '1/sctp'] }, []],
    ['ranges', { expose: ['8000-8002', '8002-8003/tcp'] }, [8000, 8001, 8002, 8003]],
    ['ranges of others', { expose: ['1-9/udp'] }, []],
    ['what is no port', { expose: ['a', '0', '65536', '70000', '9-3', '1-', '-1', '1-a', '', 1.5, -1, null, {}, ['80']] }, []],
    ['objects that are no text', { ports: [{ target: { toString: 1 } }], expose: [{ toString: 1 }] }, []],
  ])('%s', (_, definition, expected) => {
    expect(only(definition).tcpPorts).toEqual(expected);
  });

  it('may be all 65,535', () => {
    expect(only({ expose: ['1-65535'] }).tcpPorts).toHaveLength(65_535);
  });
});

describe('the fields that --no-normalize leaves out', () => {
  it('get the values that Compose gives them', () => {
    const { networks, services } = read({
      name: 'meet',
      services: { a: {}, b: { networks: { own: null, out: null, none: null } } },
      networks: { own: null, out: { external: true } },
    });
    expect(networks).toEqual(['meet_own', 'out']);
    expect(services.map((service) => service.networks)).toEqual([['meet_default'], ['meet_own', 'out', 'meet_none']]);
  });
});

describe('refuses input that is not a resolved project', () => {
  const full = ['1-65535', '1-65535', '1-65535', '1-65535'];
  it.each([
    ['YAML', 'services:\n  a: {}\n', 'not valid JSON'],
    ['nothing', '', 'JSON'],
    ['half of it', '{"name":"meet","services":{', 'JSON'],
    ['a list', [], 'the project must be a mapping'],
    ['null', 'null', 'the project must be a mapping'],
    ['no name', { services: {} }, 'no project name'],
    ['a name that is a number', { name: 1, services: {} }, 'no project name'],
    ['no services', { name: 'meet' }, 'services must be a mapping'],
    ['services in a list', { name: 'meet', services: [] }, 'services must be a mapping'],
    ['a service that is null', { name: 'meet', services: { a: null } }, 'services.a must be a mapping'],
    ['networks in a list', { name: 'meet', services: {}, networks: [] }, 'networks must be a mapping'],
    ['a network that is text', { name: 'meet', services: {}, networks: { n: 'x' } }, 'networks.n must be a mapping'],
    ['a network with an odd name', { name: 'meet', services: {}, networks: { n: { name: 1 } } }, 'networks.n.name must be a text'],
    ['a variable, as with --no-interpolate', '{"name":"meet","services":{"a":{"image":"${X}"}}}', '--no-interpolate'],
    ['a variable behind a dollar sign', '{"name":"meet","services":{"a":{"image":"$$$X"}}}', '--no-interpolate'],
    ['10 million lists', '['.repeat(10_000_000), 'more than'],
    ['lists 100,000 deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'must be a mapping'],
  ])('%s', (_, value, reason) => {
    expect(() => read(value)).toThrow(ComposeError);
    expect(() => read(value)).toThrow(reason);
    expect(() => read(value)).toThrow('paste: docker compose config --format json | meet-gen render --compose -');
  });

  it.each([
    ['labels in a list, as with --no-interpolate', { labels: ['a=b'] }, 'services.a.labels must be a mapping'],
    ['a label that is a list', { labels: { x: [] } }, 'services.a.labels.x must be a text'],
    ['networks in a list', { networks: ['a'] }, 'services.a.networks must be a mapping'],
    ['a network mode that is not text', { network_mode: {} }, 'services.a.network_mode must be a text'],
    ['a container name that is not text', { container_name: 1 }, 'services.a.container_name must be a text'],
    ['ports of the short form', { ports: ['80:80'] }, 'services.a.ports[0] must be a mapping'],
    ['ports in a mapping', { ports: {} }, 'services.a.ports must be a list'],
    ['expose that is text', { expose: '80' }, 'services.a.expose must be a list'],
    ['more ports than an engine lists', { expose: full }, 'more than 200000 ports'],
    ['replicas that are text', { scale: '2' }, 'no usable number of replicas'],
    ['a negative number of replicas', { scale: -1 }, 'no usable number of replicas'],
    ['half a replica', { deploy: { replicas: 1.5 } }, 'no usable number of replicas'],
    ['deploy in a list', { deploy: [] }, 'services.a.deploy must be a mapping'],
  ])('%s', (_, definition, reason) => {
    expect(() => withService(definition)).toThrow(ComposeError);
    expect(() => withService(definition)).toThrow(reason);
  });
});
