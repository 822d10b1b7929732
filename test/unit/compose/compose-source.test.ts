import { describe, expect, it } from 'vitest';
import type { ComposeWorld } from '../../../src/compose/compose-source.ts';
import { ComposeError } from '../../../src/compose/compose-error.ts';
import { readCompose } from '../../../src/compose/compose-source.ts';
import { interpolate } from '../../../src/compose/interpolate.ts';
import type { Container } from '../../../src/model/container.ts';

const read = (text: string, variables: Record<string, string> = {}): ComposeWorld => readCompose(text, variables, 'folder');

function only(text: string, variables: Record<string, string> = {}): Container {
  const [first, ...more] = read(text, variables).containers;
  if (first === undefined || more.length > 0) throw new Error('exactly one container was expected');
  return first;
}

const service = (lines: string): string => `services:\n  backend:\n${lines.replace(/^/gm, '    ')}\n`;
const labelled = 'labels: { meet.role: backend }';

describe('variables in a compose file', () => {
  const variables = { SET: 'value', EMPTY: '', OTHER: 'other' };

  it.each([
    ['${SET}', 'value'],
    ['$SET', 'value'],
    ['a${SET}b', 'avalueb'],
    ['$SET-$SET', 'value-value'],
    ['${UNSET}', ''],
    ['$UNSET', ''],
    ['$$SET', '$SET'],
    ['$${SET}', '${SET}'],
    ['$$$SET', '$value'],
    ['$$$$', '$$'],
    ['${SET:-x}', 'value'],
    ['${EMPTY:-x}', 'x'],
    ['${EMPTY-x}', ''],
    ['${UNSET:-x}', 'x'],
    ['${UNSET-x}', 'x'],
    ['${UNSET:-}', ''],
    ['${UNSET:-a b/c:d}', 'a b/c:d'],
    ['${UNSET:-${OTHER}}', 'other'],
    ['${UNSET:-${UNSET2:-deep}}', 'deep'],
    ['${SET:+x}', 'x'],
    ['${EMPTY:+x}', ''],
    ['${EMPTY+x}', 'x'],
    ['${UNSET+x}', ''],
    ['${SET:?needed}', 'value'],
    ['${EMPTY?needed}', ''],
    ['no variables', 'no variables'],
    ['50% $ off', '50% $ off'],
    ['${}', '${}'],
    ['$1', '$1'],
  ])('%s becomes %j', (text, expected) => {
    expect(interpolate(text, variables)).toBe(expected);
  });

  it.each(['${UNSET:?needed}', '${UNSET?needed}', '${EMPTY:?needed}'])('%s is refused, with the reason', (text) => {
    expect(() => interpolate(text, variables)).toThrow(/is not set: needed/);
  });
});

describe('labels in a compose file', () => {
  it.each([
    ['a map', 'labels:\n  meet.role: backend\n  meet.port: "8001"\n  meet.weight: 2'],
    ['a list', 'labels:\n  - meet.role=backend\n  - meet.port=8001\n  - meet.weight=2'],
  ])('are read as %s', (_, lines) => {
    expect(only(service(lines)).labels).toMatchObject({ 'meet.role': 'backend', 'meet.port': '8001', 'meet.weight': '2' });
  });

  it('keep all after the first = of a list entry', () => {
    expect(only(service('labels:\n  - meet.role=backend\n  - meet.paths==/x,=/y')).labels['meet.paths']).toBe('=/x,=/y');
  });

  it('have variables put in, and $$ is a dollar sign', () => {
    const lines = 'labels:\n  meet.role: ${ROLE:-backend}\n  meet.host: ${HOST}\n  other: $$HOST';
    expect(only(service(lines), { HOST: 'visio.example.com' }).labels).toMatchObject({
      'meet.role': 'backend',
      'meet.host': 'visio.example.com',
      other: '$HOST',
    });
  });

  it('may come through an anchor and a merge key', () => {
    const text = `x-labels: &labels { meet.role: backend }\nservices:\n  backend:\n    labels:\n      <<: *labels\n      meet.port: 1\n`;
    expect(only(text).labels).toMatchObject({ 'meet.role': 'backend', 'meet.port': '1' });
  });

  it('without meet.role leave a service out', () => {
    expect(read(service('labels: { meet.port: 1 }')).containers).toEqual([]);
    expect(read(service('image: x')).containers).toEqual([]);
  });

  it('carry the project and the service, as compose would set them', () => {
    expect(only(service(labelled)).labels).toMatchObject({
      'com.docker.compose.project': 'folder',
      'com.docker.compose.service': 'backend',
    });
  });
});

describe('the project of a compose file', () => {
  it.each([
    ['the folder', '', {}, 'folder'],
    ["the file's name", 'name: fromfile\n', {}, 'fromfile'],
    ["the file's name with variables in it", 'name: ${P:-x}\n', { P: 'fromvariable' }, 'fromvariable'],
    ['COMPOSE_PROJECT_NAME before all', 'name: fromfile\n', { COMPOSE_PROJECT_NAME: 'fromenv' }, 'fromenv'],
    ['made as compose makes it', 'name: _My Project.1\n', {}, 'myproject1'],
  ])('is %s', (_, head, variables, expected) => {
    expect(only(head + service(labelled), variables as Record<string, string>).labels['com.docker.compose.project']).toBe(expected);
  });
});

const namesOf = (lines: string, networks = ''): readonly string[] =>
  only(service(`${labelled}\n${lines}`) + networks).networks.map((one) => one.name);

describe('networks in a compose file', () => {
  it.each([
    ['the default one', '', '', ['folder_default']],
    ['those of a list', 'networks: [a, b]', 'networks: { a: , b: {} }', ['folder_a', 'folder_b']],
    ['those of a map', 'networks: { a: , b: { aliases: [x] } }', 'networks: { a: , b: }', ['folder_a', 'folder_b']],
    ['external ones by their own name', 'networks: [proxy]', 'networks: { proxy: { external: true } }', ['proxy']],
    ['external ones by another name', 'networks: [p]', 'networks: { p: { external: true, name: "${N:-proxy}" } }', ['proxy']],
    ['named ones', 'networks: [default]', 'networks: { default: { name: shared } }', ['shared']],
    ['none in a network mode', 'network_mode: host', '', []],
  ])('are %s', (_, lines, networks, expected) => {
    expect(namesOf(lines, networks)).toEqual(expected);
  });

  it('give each service one placeholder address of TEST-NET-1, in the order of names', () => {
    const text = 'services:\n  zeta: { labels: [meet.role=backend] }\n  other: { image: x }\n  alpha: { labels: [meet.role=frontend] }\n';
    const { containers, placeholders } = read(text);
    expect(containers.map((one) => [one.name, one.networks[0]?.ipv4])).toEqual([
      ['folder-alpha-1', '192.0.2.1'],
      ['folder-zeta-1', '192.0.2.2'],
    ]);
    expect(placeholders).toEqual([
      { address: '192.0.2.1', service: 'alpha' },
      { address: '192.0.2.2', service: 'zeta' },
    ]);
  });
});

describe('a service in a compose file', () => {
  it('runs, has no health yet, and exposes its TCP ports', () => {
    expect(only(service(`${labelled}\nexpose: ["9000", 3000, "53/udp", "3000/tcp", "1-2", 0, 65536, 99999]`))).toMatchObject({
      state: 'running',
      health: 'none',
      exposedTcpPorts: [3000, 9000],
    });
  });

  it('has the container_name that it asks for', () => {
    expect(only(service(`${labelled}\ncontainer_name: \${N:-mine}`)).name).toBe('mine');
  });

  it('is there though it belongs to a profile: its labels are shown', () => {
    expect(read(service(`${labelled}\nprofiles: [extra]`)).containers).toHaveLength(1);
  });

  it('may stand in the JSON of docker compose config as well', () => {
    const json = JSON.stringify({
      name: 'meet',
      services: { backend: { labels: { 'meet.role': 'backend', note: '$$HOST' }, networks: { default: null }, expose: ['8000'] } },
      networks: { default: { name: 'meet_default', ipam: {} } },
    });
    expect(only(json)).toMatchObject({ name: 'meet-backend-1', networks: [{ name: 'meet_default' }], labels: { note: '$HOST' } });
  });
});

describe('a compose file that cannot be read', () => {
  it.each([
    ['no YAML', 'services: [', /no YAML or JSON/],
    ['no mapping', '- a', /the file must be a mapping/],
    ['empty', '', /must be a mapping/],
    ['without services', 'name: x', /services must be a mapping/],
    ['services that are a list', 'services: [a]', /services must be a mapping/],
    ['a service that is a list', 'services: { a: [] }', /a must be a mapping/],
    ['labels that are text', service('labels: meet.role=backend'), /labels must be a mapping/],
    ['include', `include: [other.yml]\n${service(labelled)}`, /include.*docker compose config/],
    ['extends on a service of ours', service(`${labelled}\nextends: { service: base }`), /extends.*docker compose config/],
    ['a variable that it insists on', service('labels:\n  meet.role: ${ROLE:?say which}'), /ROLE is not set: say which/],
    [
      'an anchor that explodes',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\nservices: {}`,
      /no YAML/,
    ],
  ])('is refused: %s', (_, text, message) => {
    expect(() => read(text)).toThrow(ComposeError);
    expect(() => read(text)).toThrow(message);
  });

  it('is refused with more services than there are placeholder addresses', () => {
    const many = Array.from({ length: 255 }, (_, index) => `  s${index}: { labels: [meet.role=backend] }`).join('\n');
    expect(() => read(`services:\n${many}\n`)).toThrow(/at most 254/);
  });

  it('may have extends on a service that is none of ours', () => {
    expect(read('services:\n  db: { extends: { service: x } }\n').containers).toEqual([]);
  });
});
