import { describe, expect, it } from 'vitest';
import { refusalsIn } from '../../../src/nginx/words.ts';
import { suspectsIn } from '../../../src/rollout/suspects.ts';
import { structure } from '../rollout/sketch.ts';

describe("nginx's refusals", () => {
  it.each([
    [
      'of a test',
      'nginx: [emerg] unknown directive "x" in /etc/nginx/a.conf:3\nnginx: configuration file /etc/nginx/nginx.conf test failed\n',
      ['[emerg] unknown directive "x" in /etc/nginx/a.conf:3'],
    ],
    [
      'in a log',
      '2026/11/25 02:03:04 [emerg] 1#1: bind() to 0.0.0.0:80 failed (98: Address in use)\n',
      ['[emerg] bind() to 0.0.0.0:80 failed (98: Address in use)'],
    ],
    ['without a connection', '2026/11/25 02:03:04 [crit] 1#2: something\n', ['[crit] something']],
    ['are none about a connection', '2026/11/25 02:03:04 [crit] 1#2: *77 SSL_do_handshake() failed\n', []],
    ['are none that a visitor wrote into the access log', '192.0.2.1 - - "GET /[emerg]%201#1: HTTP/1.1" 200 "[emerg] 1#1: no"\n', []],
    ['are none that a visitor wrote into the error log', '2026/11/25 02:03:04 [error] 9#9: *1 request: "GET /[emerg]"\n', []],
    ['told again and again, once', '[emerg] 1#1: same\n[emerg] 1#1: same\n', ['[emerg] same']],
    [
      'are none of these',
      '2026/11/25 02:03:04 [notice] 1#1: reconfiguring\n[warn] 1#1: conflicting server name "x", ignored\n[error] 9#9: *1 no\n',
      [],
    ],
    ['are nothing where nothing is said', '', []],
  ])('%s', (_, output, expected) => {
    expect(refusalsIn(output)).toEqual(expected);
  });

  it('are cut where there are too many', () => {
    expect(refusalsIn(Array.from({ length: 1000 }, (_, index) => `[emerg] ${index}`).join('\n'))).toHaveLength(8);
  });
});

const content = `upstream meet_meet.files {
    server 10.0.0.1:80;
}
server {
    listen 8083;
    location = /api {
        proxy_pass http://meet_meet.api; # {
    }
    location ^~ /files/ {
        types { }
        bad on;
    }
    location = /files {
        return 503;
    }
}
`;
const shape = structure(['/api', '/files'], {
  services: [],
  groups: [
    { title: 'meet/api', locations: [{ kind: 'exact', path: '/api', upstream: 'meet_meet.api' }] },
    {
      title: 'meet/files',
      locations: [
        { kind: 'exact', path: '/files', upstream: 'meet_meet.files' },
        { kind: 'below', path: '/files/', upstream: 'meet_meet.files' },
      ],
    },
  ],
});

describe('the locations that nginx points at', () => {
  it.each([
    ['by a path that is there twice', 'duplicate location "/files" in /etc/nginx/meet-routing.d/own.conf:1', ['exact /files']],
    ['by a line within it', 'unknown directive "bad" in /etc/nginx/meet-routing/routing.conf:11', ['below /files/']],
    ['by its last line', 'oh in /etc/nginx/meet-routing/routing.conf:12', ['below /files/']],
    ['by its first line', 'oh in /etc/nginx/meet-routing/meet/routing.conf:6', ['exact /api']],
    ['by a line of its upstream', 'oh in /etc/nginx/meet-routing/routing.conf:2', ['exact /files', 'below /files/']],
    ['by the name of its upstream', 'no servers in upstream "meet_meet.api"', ['exact /api']],
    ['none, by a line of the server', 'oh in /etc/nginx/meet-routing/routing.conf:5', []],
    ['none, by a line of another file', 'oh in /etc/nginx/conf.d/default.conf:11', []],
    ['none, by a line that is not there', 'oh in /etc/nginx/meet-routing/routing.conf:9999', []],
    ['none, by no words at all', '', []],
  ])('%s', (_, words, expected) => {
    expect(suspectsIn(words, content, shape)).toEqual(expected);
  });
});
