import { describe, expect, it } from 'vitest';
import { hasNginxReason, refusalsIn } from '../../../src/nginx/refusals.ts';

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
    ['repeated lines, once', '[emerg] 1#1: same\n[emerg] 1#1: same\n', ['[emerg] same']],
    [
      'exclude other levels',
      '2026/11/25 02:03:04 [notice] 1#1: reconfiguring\n[warn] 1#1: conflicting server name "x", ignored\n[error] 9#9: *1 no\n',
      [],
    ],
    ['are empty for empty output', '', []],
  ])('%s', (_, output, expected) => {
    expect(refusalsIn(output)).toEqual(expected);
  });

  it('are limited in number', () => {
    expect(refusalsIn(Array.from({ length: 1000 }, (_, index) => `[emerg] ${index}`).join('\n'))).toHaveLength(8);
  });
});

it.each([
  ['[emerg] duplicate location "/files" in /etc/nginx/meet-routing.d/own.conf:1', true],
  ['meet-frontend-2: [crit] something', true],
  ['meet-frontend-1 crashed 2 times since this file was published', false],
  ['', false],
])('a reason comes from nginx, or is a guess: %s', (reason, expected) => {
  expect(hasNginxReason(reason)).toBe(expected);
});
