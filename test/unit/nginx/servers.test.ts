import { expect, test } from 'vitest';
import { isLoopback, listensOn, serversIn } from '../../../src/nginx/servers.ts';

test.each([
  ['server { listen 8083; }', true],
  ['server { listen [::]:8083 default_server; }', true],
  ['server{listen 0.0.0.0:8083;}', true],
  ['server { listen 127.0.0.1:8083; }', true],
  ['server { listen *:8083 reuseport; }', true],
  ['http { server { location / { return 404; } listen "8083"; } }', true],
  ['server { listen 18083; }', false],
  ['server { listen 80830; }', false],
  ['# server { listen 8083; }', false],
  ['server { listen 127.0.0.1; return 200 "listen 8083;"; }', false],
  ['server { listen unix:/tmp/8083; }', false],
  ['upstream x { server 127.0.0.1:8083; }', false],
  ['server { location / { listen 8083; } }', false],
])('%s: %s', (text, expected) => {
  expect(listensOn(text, 8083)).toBe(expected);
});

test('names and listens of each server, in order', () => {
  const text = `
    map $host $x { default "}"; }
    server { listen 8083 default_server; listen [::]:8083; server_name localhost Visio.example.org; location / { proxy_pass http://\${BACKEND}; } }
    server { listen localhost:8084; }`;
  expect(serversIn(text)).toEqual([
    {
      names: ['localhost', 'visio.example.org'],
      listens: [
        { address: '*', port: 8083, isDefault: true },
        { address: '*', port: 8083, isDefault: false },
      ],
    },
    { names: [], listens: [{ address: 'localhost', port: 8084, isDefault: false }] },
  ]);
  expect(serversIn(text).map(({ listens }) => listens.some(isLoopback))).toEqual([false, true]);
});

test('a truncated text, or other text, gives the servers that are readable', () => {
  expect(serversIn('server { listen 8083; location / {')).toHaveLength(1);
  expect(serversIn('}}} "server" "{')).toHaveLength(1);
  expect(serversIn('9'.repeat(1_000_000))).toEqual([]);
});
