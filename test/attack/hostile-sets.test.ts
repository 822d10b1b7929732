import { describe, expect, it } from 'vitest';
import { containersFromEngine } from '../../src/source/docker/container-from-engine.ts';
import { observe } from '../support/containers.ts';
import { parseNginx } from '../support/nginx-parse.ts';
import { renderWorld } from '../support/render-world.ts';
import { attackersOf, victimsOf } from './hostile-sets.ts';
import { hostileTexts } from './hostile-texts.ts';
import { judgeSets } from './judge-sets.ts';
import { brokenOwnership, readMembers } from './ownership-oracle.ts';
import { takeSets, takeTextsByHand } from './take-sets.ts';

// Hostile containers as the engine's JSON, many Meets in one run. nginx loads the files in
// test/e2e/nginx/attack.test.ts; test/endurance/attack.test.ts is the long form.

describe('hostile JSON from the engine', () => {
  it('is harmless for at least 200 hand-written texts, each in half of the places, on every kind of container', async () => {
    expect(hostileTexts.length).toBeGreaterThanOrEqual(200);
    expect((await takeTextsByHand('even')).length).toBeGreaterThan(100);
  });

  it('is harmless in 1,000 generated sets', async () => {
    const taken = await takeSets(1000, 1);
    expect(taken.files).toBeGreaterThan(1000);
  });
});

const claim = (paths: string, kind: 'stranger' | 'insider'): Parameters<typeof attackersOf>[0] => [
  { kind, changes: [{ place: 'meet.paths', text: paths }] },
];

describe('files and internal calls of the victims', () => {
  it.each(['stranger', 'insider'] as const)('stay behind their own backend when a %s asks for them', async (kind) => {
    const paths = ['/media', '/media/recordings', '=/media/recordings/x.mp4', '=/media/files/media-auth', '/media/files/a/b'];
    const api = ['/api/v1.0/recordings', '=/api/v1.0/files/media-auth/', '/api/v1.0/files/media-auth'];
    const calls = ['=/api/v1.0/rooms/webhooks-livekit/', '/api/v1.0/recordings/storage-hook'];
    const sets = [...paths, ...api, ...calls].map((path) => claim(path, kind));
    expect((await judgeSets(sets)).wrong).toEqual([]);
  });
});

describe('the ownership oracle', () => {
  it.each([
    ['stranger', '/files', ['/files', 'v0/files']],
    ['stranger', '/api/v1.0/rooms', ['/api/v1.0/rooms', 'a0/s0']],
    ['insider', '/files', ['/files', 'v0/files']],
    ['insider', '/api', ['/api', 'v0/backend']],
  ] as const)('agrees with the product about a %s that asks for %s', async (kind, paths, [path, owner]) => {
    const containers = containersFromEngine([...victimsOf(0), ...attackersOf(claim(paths, kind), 0)]);
    const { files } = await renderWorld(observe(containers));
    const tree = parseNginx(files.get('v0') ?? '');
    const members = readMembers(containers).get('v0') ?? [];
    expect(brokenOwnership('v0', members, tree)).toEqual([]);
    // The oracle reports a route that leads to another service.
    const [project, service] = owner.split('/');
    const stolen = (files.get('v0') ?? '').replace(
      new RegExp(`(location = ${path} \\{[^]*?proxy_pass http://)meet_${project}\\.${service};`),
      '$1meet_thief.x;',
    );
    expect(brokenOwnership('v0', members, parseNginx(stolen))).toContainEqual(
      `= ${path} goes to http://meet_thief.x instead of http://meet_${project}.${service}`,
    );
  });
});
