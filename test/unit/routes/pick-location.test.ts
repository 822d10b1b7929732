import { describe, expect, it } from 'vitest';
import { pickLocation } from '../../../src/routes/pick-location.ts';
import type { LocationView } from '../../../src/routes/view.ts';

const below = (path: string, upstream?: string): LocationView => ({ kind: 'below', path, ...(upstream === undefined ? {} : { upstream }) });
const exact = (path: string, upstream?: string): LocationView => ({ kind: 'exact', path, ...(upstream === undefined ? {} : { upstream }) });

const groups = [
  { title: 'meet/backend', locations: [exact('/api', 'b'), below('/api/', 'b'), exact('/', 'b')] },
  { title: 'meet/files', locations: [below('/api/files/', 'f'), exact('/only', 'f'), exact('/below', 'meet-spa'), below('/below/', 'f')] },
  { title: 'meet/left', locations: [below('/left/', 'l'), below('/gone/')] },
];

function picked(path: string): string {
  const pick = pickLocation({ groups }, path);
  return pick.kind === 'spa' ? 'SPA' : `${pick.kind} ${pick.group} ${pick.location.kind} ${pick.location.path}`;
}

describe('the location for a path', () => {
  it.each([
    ['/api', 'location meet/backend exact /api'],
    ['/api/', 'location meet/backend below /api/'],
    ['/api/x', 'location meet/backend below /api/'],
    ['/api-abcd-efg', 'SPA'],
    ['/apix', 'SPA'],
    ['/API/', 'SPA'],
    ['/ap', 'SPA'],
    ['/', 'location meet/backend exact /'],
    ['/x', 'SPA'],
    ['/api/files/x', 'location meet/files below /api/files/'],
    ['/api/filesx', 'location meet/backend below /api/'],
    ['/only', 'location meet/files exact /only'],
    ['/only/', 'SPA'],
    ['/below', 'location meet/files exact /below'],
    ['/below/x', 'location meet/files below /below/'],
  ])('%s: %s', (path, expected) => expect(picked(path)).toBe(expected));

  it('is a redirect of nginx itself where only the path with a slash proxies', () => {
    expect(picked('/left')).toBe('redirect meet/left below /left/');
    expect(picked('/api/files')).toBe('redirect meet/files below /api/files/');
    expect(picked('/gone')).toBe('SPA');
  });
});
