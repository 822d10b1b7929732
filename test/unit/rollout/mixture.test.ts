import { describe, expect, it } from 'vitest';
import type { LocationView } from '../../../src/routes/view.ts';
import type { Edition } from '../../../src/rollout/edition.ts';
import { editionOf } from '../../../src/rollout/edition.ts';
import { locationsOf, mix, settingsDiffer } from '../../../src/rollout/mixture.ts';
import type { Substitute } from '../../../src/rollout/mixture.ts';
import { structure } from './sketch.ts';

type Allow = readonly string[] | undefined;

/** `^~` locations of one service, each with who may reach it. */
function guarded(allows: Readonly<Record<string, Allow>>): Edition {
  const upstream = 'meet_meet.files';
  const locations = Object.entries(allows).map(([path, allow]): LocationView => ({
    kind: 'below',
    path,
    upstream,
    ...(allow === undefined ? {} : { allow }),
  }));
  const services = [{ name: upstream, title: 'meet/files' }];
  return editionOf('t', structure([], { services, groups: [{ title: 'meet/files', locations }] }));
}

/** What becomes of a path: who may reach it, `503`, or nothing at all. */
function mixed(wanted: Edition, good: Edition | undefined, path: string, by: Substitute): string | undefined {
  const edition = mix(wanted, good, { templates: 't', settingsAsBefore: false, locations: new Map([[`below ${path}`, by]]) });
  const found = locationsOf(edition.structure).get(`below ${path}`);
  return found === undefined ? undefined : found.upstream === undefined ? '503' : (found.allow?.join() ?? 'all');
}

const inside = ['10.0.0.0/8'];

describe('what stands in for a location that is not for everybody', () => {
  it.each(['as-before', 'unavailable', 'absent'] as const)('is 503 when it is new (%s): the path above it would let everybody in', (by) => {
    const wanted = guarded({ '/files/': undefined, '/files/admin/': inside });
    expect(mixed(wanted, guarded({ '/files/': undefined }), '/files/admin/', by)).toBe('503');
    expect(mixed(wanted, undefined, '/files/admin/', by)).toBe('503');
  });

  it.each([
    { what: 'was for everybody', before: undefined, expected: '503' },
    { what: 'was for others', before: ['192.0.2.0/24'], expected: '503' },
    { what: 'was for more', before: ['10.0.0.0/8', '192.0.2.0/24'], expected: '503' },
    { what: 'was for the same', before: inside, expected: '10.0.0.0/8' },
  ])('is as before only where it $what', ({ before, expected }) => {
    expect(mixed(guarded({ '/files/': inside }), guarded({ '/files/': before }), '/files/', 'as-before')).toBe(expected);
    expect(mixed(guarded({ '/files/': inside }), guarded({ '/files/': before }), '/files/', 'absent')).toBe('503');
  });

  it('is 503 where it took paths that lead past a guard of now', () => {
    const upstream = 'meet_meet.files';
    const before = having({ kind: 'below', path: '/files/', upstream, readTimeout: '9s' });
    const wanted = having({ kind: 'below', path: '/files/', upstream, plainPathsOnly: true });
    expect(mixed(wanted, before, '/files/', 'as-before')).toBe('503');
    const plain = having({ kind: 'below', path: '/files/', upstream, plainPathsOnly: true, readTimeout: '9s' });
    expect(mixed(wanted, plain, '/files/', 'as-before')).toBe('all');
  });

  it('may be narrower than what is wanted', () => {
    expect(mixed(guarded({ '/files/': undefined }), guarded({ '/files/': inside }), '/files/', 'as-before')).toBe('10.0.0.0/8');
  });
});

const older: LocationView = { kind: 'below', path: '/files/', upstream: 'meet_meet.files' };

function having(...locations: readonly LocationView[]): Edition {
  return editionOf('t', structure([], { services: [], groups: [{ title: 'meet', locations }] }));
}

describe('a location as it was before', () => {
  it('does not come back without the guarded part that it had', () => {
    const good = guarded({ '/files/': undefined, '/files/admin/': inside });
    expect(mixed(guarded({ '/files/': undefined }), good, '/files/', 'as-before')).toBe('503');
  });

  it('does not come back where exactly its own path was guarded', () => {
    const good = having({ ...older, kind: 'exact', allow: inside }, older);
    expect(mixed(having({ ...older, upstream: 'meet_meet.others' }), good, '/files/', 'as-before')).toBe('503');
  });

  it('does not come back to a service that lets others in now, at whatever port', () => {
    const elsewhere: LocationView = { ...older, upstream: 'meet_meet.others' };
    const closed: LocationView = { ...older, path: '/new/', allow: inside };
    const atPort: LocationView = { ...older, upstream: 'meet_meet.files+9000' };
    expect(mixed(having(elsewhere, closed), having(older), '/files/', 'as-before')).toBe('503');
    expect(mixed(having(elsewhere, closed), having(atPort), '/files/', 'as-before')).toBe('503');
    const ofThird: LocationView = { ...closed, upstream: 'meet_meet.third' };
    expect(mixed(having(elsewhere, ofThird), having(older), '/files/', 'as-before')).toBe('all');
  });

  it('asks about files whom they are asked of now', () => {
    const path = '/media/recordings/';
    const askedOf = (auth: string): Edition =>
      having({
        kind: 'below',
        path,
        upstream: 'meet-media_meet.s3',
        media: { auth, authPath: '/api/', storagePath: '/b/recordings/', host: 's3' },
      });
    const before = askedOf('meet_meet.backend');
    expect(mixed(having({ kind: 'below', path }), before, path, 'as-before')).toBe('503');
    expect(mixed(askedOf('meet_meet.django'), before, path, 'as-before')).toBe('503');
    expect(mixed(before, before, path, 'as-before')).toBe('all');
  });

  it('does where that part is wanted too, or was never there', () => {
    const both = guarded({ '/files/': undefined, '/files/admin/': inside });
    expect(mixed(both, both, '/files/', 'as-before')).toBe('all');
    expect(mixed(guarded({ '/files/': undefined }), guarded({ '/files/': undefined, '/other/': inside }), '/files/', 'as-before')).toBe(
      'all',
    );
  });
});

const balanced = (balance?: 'least-conn'): Edition => {
  const base = structure(['/a']);
  return editionOf('t', {
    ...base,
    services: base.services.map((service) => ({ ...service, ...(balance === undefined ? {} : { balance }) })),
  });
};

describe('how nginx chooses among the replicas of a service', () => {
  it('is a setting, which is as before together with the others', () => {
    const [wanted, good] = [balanced('least-conn'), balanced()];
    expect(settingsDiffer(wanted.structure, good.structure)).toBe(true);
    const mixture = mix(wanted, good, { templates: 't', settingsAsBefore: true, locations: new Map() });
    expect(mixture.key).toBe(good.key);
  });

  it('of a service that is new is no difference', () => {
    expect(settingsDiffer(structure(['/a', '/b']), structure(['/a']))).toBe(false);
  });
});
