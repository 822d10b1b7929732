import { expect, test } from 'vitest';
import { readEnvironment } from '../../../../src/doctor/facts/environment.ts';
import { hookWay } from '../../../../src/reload/ways/hook.ts';

const range = (first: number, last = first) => ({ first, last });

test.each([
  ['VIRTUAL_HOST=Visio.Example.com, www.example.com', { VIRTUAL_HOST: { value: ['visio.example.com', 'www.example.com'] } }],
  ['VIRTUAL_HOST=~^visio\\..*$', { VIRTUAL_HOST: {} }],
  ['VIRTUAL_PORT=8083', { VIRTUAL_PORT: { value: 8083 } }],
  ['VIRTUAL_PORT=http', { VIRTUAL_PORT: {} }],
  ['VIRTUAL_PORT=', {}],
  ['VIRTUAL_PORT', {}],
  ['KC_HOSTNAME=https://auth.example.com/kc', { KC_HOSTNAME: { value: 'auth.example.com' } }],
  ['KC_HOSTNAME=auth.example.com', { KC_HOSTNAME: { value: 'auth.example.com' } }],
  ['KC_PROXY_HEADERS=xforwarded', { KC_PROXY_HEADERS: { value: 'xforwarded' } }],
  ['KC_PROXY_HEADERS=everything', { KC_PROXY_HEADERS: {} }],
  ['DJANGO_ALLOWED_HOSTS=.example.com,*', { DJANGO_ALLOWED_HOSTS: { value: ['.example.com', '*'] } }],
  ['LIVEKIT_API_URL=wss://livekit.example.com:443/x', { LIVEKIT_API_URL: { value: { scheme: 'wss', host: 'livekit.example.com' } } }],
  [
    'OIDC_OP_TOKEN_ENDPOINT=https://auth.example.com:8443/token',
    { OIDC_OP_TOKEN_ENDPOINT: { value: { scheme: 'https', host: 'auth.example.com', port: 8443 } } },
  ],
  [
    'LIVEKIT_API_URL=https://user:1234@livekit.example.com',
    { LIVEKIT_API_URL: { value: { scheme: 'https', host: 'livekit.example.com' } } },
  ],
  ['LIVEKIT_API_URL=livekit.example.com', { LIVEKIT_API_URL: {} }],
  ['LOGIN_REDIRECT_URL=/', { LOGIN_REDIRECT_URL: {} }],
  ['DB_HOST=meet_db', { DB_HOST: { value: 'meet_db' } }],
  ['REDIS_URL=redis://:s3cret@redis:6379/1', { REDIS_URL: { value: 'redis' } }],
  ['REDIS_URL=redis://meet_redis/1', { REDIS_URL: { value: 'meet_redis' } }],
  ['DATABASE_URL=postgresql://meet:s3cret@db/meet', { DATABASE_URL: { value: 'db' } }],
  [
    'LIVEKIT_CONFIG=rtc:\n  tcp_port: 7001\n  udp_port: 7002\nkeys: { meet: s3cret }',
    { LIVEKIT_CONFIG: { value: { tcp: 7001, udp: range(7002) } } },
  ],
  ['LIVEKIT_CONFIG={"rtc":{"udp_port":7002}}', { LIVEKIT_CONFIG: { value: { udp: range(7002) } } }],
  ['LIVEKIT_CONFIG=port: 7880\nrtc: { udp_port: "7002-7010" }', { LIVEKIT_CONFIG: { value: { udp: range(7002, 7010) } } }],
  [
    'LIVEKIT_CONFIG=turn:\n  udp_port: 3478\nrtc:\n  # udp_port: 7882\n  port_range_start: 50000\n  port_range_end: 50100\nroom: {}',
    { LIVEKIT_CONFIG: { value: { udp: range(50_000, 50_100) } } },
  ],
  ['LIVEKIT_CONFIG=rtc:\n  tcp_port: 7881\nturn:\n  udp_port: 3478', { LIVEKIT_CONFIG: { value: { tcp: 7881 } } }],
  ['POSTGRES_PASSWORD=s3cret', {}],
  ['toString=s3cret', {}],
  ['__proto__=s3cret', {}],
])('reads %s', (text, expected) => {
  expect(readEnvironment([text], [])).toEqual(expected);
});

test("prefers Keycloak's options on the command line", () => {
  expect(
    readEnvironment(['KC_HOSTNAME=old.example.com'], ['start', '--hostname=https://auth.example.com', '--proxy-headers', 'xforwarded']),
  ).toEqual({
    KC_HOSTNAME: { value: 'auth.example.com' },
    KC_PROXY_HEADERS: { value: 'xforwarded' },
  });
  expect(readEnvironment([], ['start-dev'])).toEqual({ KC_HTTP_ENABLED: { value: 'true' } });
  expect(readEnvironment([], ['run', '--instance', 'two', '--reload=hook'])).toEqual({
    MEET_GEN_INSTANCE: { value: 'two' },
    MEET_GEN_RELOAD: { value: hookWay },
  });
});

test('drops every value outside the grammar of its variable', () => {
  const names = [
    'VIRTUAL_HOST',
    'VIRTUAL_PORT',
    'VIRTUAL_HOST_MULTIPORTS',
    'KC_HOSTNAME',
    'KC_PROXY',
    'KC_HTTP_ENABLED',
    'DJANGO_ALLOWED_HOSTS',
    'OIDC_OP_TOKEN_ENDPOINT',
    'LIVEKIT_API_URL',
    'LOGIN_REDIRECT_URL',
    'DB_HOST',
    'DATABASE_URL',
    'LIVEKIT_CONFIG',
    'MEET_GEN_RELOAD',
    'POST',
  ];
  const secrets = ['S3cret/with+signs=', 'two words S3cret', 'keys: S3cret', 'https://user:S3cret@', '-----BEGIN S3cret-----'];
  for (const name of names)
    for (const secret of secrets) expect(JSON.stringify(readEnvironment([`${name}=${secret}`], [])), name).not.toContain('S3cret');
  expect(JSON.stringify(readEnvironment(['LIVEKIT_API_URL=https://user:S3cret@livekit.example.com/S3cret?key=S3cret'], []))).toBe(
    '{"LIVEKIT_API_URL":{"value":{"scheme":"https","host":"livekit.example.com"}}}',
  );
});
