import { expect, test } from 'vitest';
import { inspectionFromEngine, networksFromEngine, processName } from '../../../../src/doctor/collect/inspection-from-engine.ts';

const answer = {
  Id: 'a'.repeat(64),
  State: { Pid: 4711, ExitCode: 137 },
  Config: {
    Env: ['VIRTUAL_PORT=8083', 'DB_PASSWORD=s3cret'],
    Entrypoint: ['/docker-entrypoint.sh'],
    Cmd: ['nginx', '-g', 's3cret'],
    StopSignal: 'SIGQUIT',
    StopTimeout: 95,
    Labels: { secret: 's3cret' },
    User: '65534:999',
  },
  HostConfig: {
    RestartPolicy: { Name: 'always' },
    GroupAdd: ['4711', 'docker'],
    ExtraHosts: ['Auth.example.com:host-gateway', 'six.example.com:[fd00::1]', 'x y:1.2.3.4'],
  },
  NetworkSettings: {
    Ports: { '7882/udp': [{ HostIp: '0.0.0.0', HostPort: '7882' }], '8080/tcp': null, '1/sctp': [{ HostPort: '1' }] },
    Networks: { internal: { Aliases: ['backend', 'Auth.example.com'], DNSNames: ['meet-backend-1', 'backend'] } },
  },
  Mounts: [{ Type: 'volume', Source: '/var/lib/docker/volumes/x', Destination: '/etc/nginx/meet-routing/' }],
};

test('keeps only the fields that checks read, and drops environment and command line', () => {
  const inspection = inspectionFromEngine(answer);
  expect(inspection).toEqual({
    environment: { VIRTUAL_PORT: { value: 8083 } },
    program: 'other',
    stopSignal: 'SIGQUIT',
    stopTimeoutSeconds: 95,
    restartPolicy: 'always',
    mounts: [{ type: 'volume', source: '/var/lib/docker/volumes/x', destination: '/etc/nginx/meet-routing' }],
    extraHosts: [
      { name: 'auth.example.com', address: 'host-gateway' },
      { name: 'six.example.com', address: 'fd00::1' },
    ],
    publishedPorts: [{ port: 7882, protocol: 'udp', hostAddress: '0.0.0.0', hostPort: 7882 }],
    identity: { uid: 65_534, gid: 999, groups: [4711] },
    aliases: new Map([['internal', ['backend', 'auth.example.com', 'meet-backend-1']]]),
    exitCode: 137,
    pid: 4711,
  });
  expect(JSON.stringify(inspection)).not.toContain('s3cret');
});

test.each([
  [['celery', '-A', 'meet.celery_app', 'worker'], 'celery'],
  [['sh', '-c', 'exec /usr/bin/celery -A meet worker'], 'celery'],
  [['python', 'manage.py', 'migrate'], 'manage.py'],
  [['python', 'manage.py', 'runserver'], 'other'],
  [['gunicorn', '-c', '/x'], 'other'],
  [['node', '--no-opt', '/meet-gen/dist/meet-gen.js', 'reader'], 'meet-gen reader'],
  [['node', '--no-opt', '/meet-gen/dist/meet-gen.js', 'run'], 'other'],
  [['reader'], 'other'],
  [['sh', '-c', 'python manage.py migrate && exec gunicorn'], 'other'],
])('reads the program of %j: %s', (command, program) => {
  expect(inspectionFromEngine({ ...answer, Config: { Cmd: command } }).program).toBe(program);
});

test.each([
  ['', { uid: 0, gid: 0, groups: [] }],
  ['root', { uid: 0, gid: 0, groups: [] }],
  ['0:999', { uid: 0, gid: 999, groups: [] }],
  ['1000', { uid: 1000, groups: [] }],
  ['nginx:nginx', { groups: [] }],
])('reads the identity of the user "%s": %j', (user, identity) => {
  expect(inspectionFromEngine({ ...answer, Config: { User: user }, HostConfig: {} }).identity).toEqual(identity);
});

test('reads an empty answer, and refuses an answer that is not about a container', () => {
  expect(inspectionFromEngine({ Id: 'x' })).toEqual({
    environment: {},
    program: 'other',
    restartPolicy: '',
    mounts: [],
    extraHosts: [],
    publishedPorts: [],
    identity: { uid: 0, gid: 0, groups: [] },
    aliases: new Map(),
  });
  for (const odd of [undefined, null, 'x', [], { Id: 1 }]) expect(() => inspectionFromEngine(odd)).toThrow(/not about a container/);
});

test('reads networks, and refuses any other answer', () => {
  expect(
    networksFromEngine([
      { Name: 'bridge', Internal: false, IPAM: { Config: [{ Gateway: '172.17.0.1' }] } },
      { Name: 'x', Internal: true, IPAM: null },
    ]),
  ).toEqual([
    { name: 'bridge', internal: false, gateway: '172.17.0.1' },
    { name: 'x', internal: true },
  ]);
  expect(() => networksFromEngine({})).toThrow(/no list|not a list/);
});

test.each([
  ['nginx: master process nginx -g daemon off;', 'nginx'],
  ['/usr/sbin/nginx', 'nginx'],
  ["sh -c nginx -g 'daemon off;'", 'sh'],
  ['/sbin/docker-init -- nginx', 'docker-init'],
  ['\u001b[2J evil', undefined],
])('reads the name of the process %j: %s', (command, name) => {
  const top = {
    Titles: ['UID', 'PID', 'PPID', 'CMD'],
    Processes: [
      ['root', '2', '1', 'other'],
      ['1001', '42', '1', command],
    ],
  };
  expect(processName(top, 42)).toBe(name);
  expect(processName(top, 43)).toBeUndefined();
});

test.each([
  [
    'its own namespace (Podman 5)',
    {
      Titles: ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'],
      Processes: [
        ['1001', '1', '0', '0', '10:15', '?', '00:00:00', 'nginx: master process nginx -g daemon off;'],
        ['1001', '24', '1', '0', '10:15', '?', '00:00:00', 'nginx: worker process'],
      ],
    },
  ],
  [
    'its own namespace, with all columns in one (Podman 4.3)',
    {
      Titles: ['UID          PID    PPID  C STIME TTY          TIME CMD'],
      Processes: [
        ['1001           1       0  0 10:15 ?        00:00:00 nginx: master process nginx -g daemon off;'],
        ['1001          24       1  0 10:15 ?        00:00:00 nginx: worker process'],
      ],
    },
  ],
])('finds the first process of a container by its id in %s', (_, top) => {
  expect(processName(top, 4711)).toBe('nginx');
});
