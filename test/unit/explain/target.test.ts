import { describe, expect, it } from 'vitest';
import { readTarget } from '../../../src/explain/target.ts';

describe('a path or a URL', () => {
  it.each([
    ['/files', { target: '/files' }],
    ['/a/../b?x#y', { target: '/a/../b?x#y' }],
    ['//api/', { target: '//api/' }],
    ['https://meet.example.com', { target: '/', host: 'meet.example.com' }],
    ['https://meet.example.com/', { target: '/', host: 'meet.example.com' }],
    ['https://Meet.Example.COM:8443/api?x', { target: '/api?x', host: 'meet.example.com' }],
    ['HTTP://meet.example.com./a/../b', { target: '/a/../b', host: 'meet.example.com' }],
    ['https://user:secret@meet.example.com/x', { target: '/x', host: 'meet.example.com' }],
    ['https://meet.example.com?x=/y', { target: '/?x=/y', host: 'meet.example.com' }],
    ['https://meet.example.com#x', { target: '/#x', host: 'meet.example.com' }],
    ['wss://meet.example.com/rtc', { target: '/rtc', host: 'meet.example.com' }],
    ['http://[::1]:8083/x', { target: '/x', host: '[::1]' }],
    ['http://10.0.0.1/x', { target: '/x', host: '10.0.0.1' }],
  ])('%s', (text, expected) => expect(readTarget(text)).toEqual(expected));

  it.each([
    ['files', 'a path begins with a slash: /files'],
    ['', 'a path begins with a slash'],
    ['meet.example.com/files', 'a path begins with a slash'],
    ['https:///files', 'a URL begins with https:// or http:// and a host'],
    ['ftp://meet.example.com/', 'a URL begins with https:// or http:// and a host'],
    ['https://:443/', 'a URL begins with'],
    ['https://meet.example.com:port/', 'a URL begins with'],
    [`/${'x'.repeat(4000)}`, 'longer than 4000 characters'],
    ['\u001b[31m', 'a path begins with a slash: /\\u{1b}[31m'],
  ])('%j is refused', (text, reason) => expect(() => readTarget(text)).toThrow(reason));
});
