import { describe, expect, it } from 'vitest';
import { rivalInDump, rivalInLog } from '../../../src/reload/rival.ts';

const routing = `# configuration file /etc/nginx/conf.d/routing.conf:
include /etc/nginx/meet-routing/*.conf;
server { listen 8083; server_name meet-gen.invalid; return 503; }
# configuration file /etc/nginx/meet-routing/routing.conf:
server {
    listen 8083;
    server_name localhost;
    location = /meet-gen!live-0123456789abcdef {
    }
}
`;
const dumpOf = (name: string, text: string): string => `nginx: the configuration file /etc/nginx/nginx.conf syntax is ok
# configuration file /etc/nginx/nginx.conf:
http { include /etc/nginx/conf.d/*.conf; }
# configuration file /etc/nginx/conf.d/${name}:
${text}
${routing}`;
const docs = 'server {\n    listen 8083;\n    server_name localhost;\n}';

describe('the other server on a port, in the output of nginx -T', () => {
  it.each([
    ['the official template', dumpOf('docs.conf', docs), 'the server "localhost" of /etc/nginx/conf.d/docs.conf'],
    [
      'at an address',
      dumpOf('a.conf', docs.replace('8083', '0.0.0.0:8083 default_server')),
      'the server "localhost" of /etc/nginx/conf.d/a.conf',
    ],
    ['IPv6', dumpOf('a.conf', docs.replace('8083', '[::]:8083')), 'the server "localhost" of /etc/nginx/conf.d/a.conf'],
    ['without a name', dumpOf('a.conf', 'server { listen 8083; }'), 'a server without a name of /etc/nginx/conf.d/a.conf'],
    [
      'behind another server of the file',
      dumpOf('a.conf', `server { listen 8080; }\n${docs}`),
      'the server "localhost" of /etc/nginx/conf.d/a.conf',
    ],
    ['in one line', dumpOf('a.conf', 'server { server_name a; listen 8083; }'), 'the server "a" of /etc/nginx/conf.d/a.conf'],
    ['on another port', dumpOf('a.conf', docs.replace('8083', '8080')), undefined],
    ['on a longer port', dumpOf('a.conf', docs.replace('8083', '18083')), undefined],
    ['in a comment', dumpOf('a.conf', docs.replaceAll(/^/gm, '# ')), undefined],
    ['only meet-gen', routing, undefined],
    ['only meet-gen, in a truncated dump', routing.slice(0, -60), undefined],
    ['only line ends', dumpOf('a.conf', '\n'.repeat(65_536)), undefined],
    [
      'names without an end',
      dumpOf('a.conf', `server { listen 8083; ${'server_name '.repeat(5000)}`),
      'a server without a name of /etc/nginx/conf.d/a.conf',
    ],
    ['output without a dump', 'sh: nginx: not found', undefined],
  ])('%s', (_, dump, expected) => {
    expect(rivalInDump(dump, 8083)).toBe(expected);
  });

  it('is made safe to print', () => {
    expect(rivalInDump(dumpOf('a.conf', docs.replace('localhost', 'x\u001b[2J')), 8083)).toContain('x\\u{1b}[2j');
  });
});

const conflict = (name: string, port: number): string =>
  `2026/11/25 02:03:04 [warn] 1#1: conflicting server name "${name}" on 0.0.0.0:${port}, ignored`;

describe('the other server in the log', () => {
  it.each([
    ['is found by its name', conflict('localhost', 8083), 'another server with the name "localhost"'],
    ['is not a server on another port', conflict('localhost', 8080), undefined],
    ['is unknown if the log is empty', '', undefined],
    ['is never read from a text of a visitor', `203.0.113.9 - - "GET /${conflict('x', 8083)}"`, undefined],
    ['is never read from a line about a request', conflict('x', 8083).replace('1#1:', '1#1: *7'), undefined],
  ])('%s', (_, log, expected) => {
    expect(rivalInLog(log, 8083)).toBe(expected);
  });
});
