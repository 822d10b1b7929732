import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { attackUrls, expectOrdinaryServed } from '../../support/url-attack/attack.ts';
import { hostileTargets } from '../../support/url-attack/targets.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { findByPasses, renderGuarded, startUrlWorld } from '../../support/url-attack/world.ts';
import type { Outcome, UrlWorld } from '../../support/url-attack/world.ts';

// No spelling of a path gets past `meet.allow`. The long form is test/endurance/attack-urls.test.ts.

const seed = Number(process.env['URL_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const start = (series: '1.30' | '1.22', rendered: string): Promise<UrlWorld> =>
  startUrlWorld(providedEngine(), providedImages(), series, rendered);
const describeOutcome = ({ target, status, by = 'nginx' }: Outcome): string => `${target} ${status} ${by}`;

describe.each([
  ['1.30', 5000, 1000],
  ['1.22', 1000, 500],
] as const)('on nginx %s', (series, count, ordinary) => {
  let world: UrlWorld;
  beforeAll(async () => {
    world = await start(series, await renderGuarded());
  });
  afterAll(() => world?.remove());

  test('logs each refusal with its reason in the error log, and no other line', async () => {
    const targets = ['/app/admin//../users', '/app/x', '/app/admin', '/free//x', '/s/..;/x', '/%zz'];
    expect((await world.ask(targets)).map(describeOutcome)).toEqual([
      '/app/admin//../users 400 nginx',
      '/app/x 200 app',
      '/app/admin 403 nginx',
      '/free//x 200 free',
      '/s/..;/x 400 nginx',
      '/%zz 400 nginx',
    ]);
    await waitUntil('both refusals are in the log', async () => (await world.refusals()).length >= 2);
    const lines = (await world.refusals()).map((line) => /\[error\].* in "([^"]*)".* request: "([^"]*)"/.exec(line)?.slice(1).join(': '));
    expect(lines).toHaveLength(2);
    expect(lines).toContain('meet-gen refused this path for a segment of dots: GET /s/..;/x HTTP/1.1');
    expect(lines).toContain('meet-gen refused this path for two slashes in a row: GET /app/admin//../users HTTP/1.1');
  });

  test(`keeps ${count} hostile targets from guarded paths (URL_SEED=${seed})`, () => attackUrls(world, seed, count));

  test(`passes on ${ordinary} ordinary targets unchanged (URL_SEED=${seed})`, () => expectOrdinaryServed(world, seed, ordinary));

  test('passes on every path unchanged to a service without guards', async () => {
    const targets = ['//', '/x/../y', '/%2e/x', '/x%2fy', String.raw`/x\y`, '/x%5cy', '/%252f', '/..;/x', '/;/', '/https://a.example/'];
    const sent = targets.map((target) => `/free/x${target}`);
    expect((await world.ask(sent)).map(({ by, got }) => `${by} ${got}`)).toEqual(sent.map((target) => `free ${target}`));
  });

  test('checks the whole of the longest path that nginx accepts', async () => {
    const longest = 8000;
    const pieces = ['x/', '%20', '.', '%2e', '..x/', '%25', 'x%2', '%252', '%2525'.slice(0, 3), 'a;'];
    const fill = pieces.map((piece) => `/app/${piece.repeat(Math.floor(longest / piece.length))}`.replace(/%2?$/, ''));
    for (const end of ['/../admin', '//x', '%2f', String.raw`\x`, '%252f', '/%2e']) {
      const outcomes = await world.ask(fill.map((target) => `${target}${end}`));
      expect(new Set(outcomes.map(({ status }) => status)), end).toEqual(new Set([400]));
    }
  });

  test('keeps a call from inside from guarded paths of the backend', async () => {
    const path = '/api/v1.0/rooms/webhooks-livekit/';
    expect(await world.callFromInside(path)).toBe(200);
    expect(await world.callFromInside(`${path}?x=//`)).toBe(200);
    expect(await world.callFromInside(`/admin/..${path}`)).toBe(400);
    expect(await world.callFromInside(`/admin/%2e%2e${path}`)).toBe(400);
  });
});

describe('without the refusals', () => {
  let world: UrlWorld;
  beforeAll(async () => {
    world = await start('1.30', (await renderGuarded()).replace(/^ *if \(\$meet_path != plain\) \{[^}]*\}\n/gm, ''));
  });
  afterAll(() => world?.remove());

  const bypasses = [
    ['/app/admin//../users', 'whatwg'],
    [String.raw`/app/x/..\admin/users`, 'whatwg'],
    ['/app/admin/../pub', 'wsgi'],
    ['/app/admin//help', 'rfc3986'],
  ] as const;

  test.each(bypasses)('%s gets past the guard to a service that reads paths as %s does', async (target, reader) => {
    const found = await findByPasses(await world.ask([target]));
    expect(found.map((one) => one.reader)).toContain(reader);
  });

  test('the same targets get past the guard to services of every kind', async () => {
    // Not every seed has a target for the rarest kind.
    const targets = [...hostileTargets(seed, 1000), ...bypasses.map(([target]) => target)];
    const found = await findByPasses(await world.ask(targets));
    expect(new Set(found.map(({ reader }) => reader))).toEqual(new Set(['whatwg', 'wsgi', 'rfc3986', 'parameters', 'twice']));
  });

  test('a call from inside gets past the guard too', async () => {
    expect(await world.callFromInside('/admin/../api/v1.0/rooms/webhooks-livekit/')).toBe(200);
  });
});

describe('when the regular expressions fail', () => {
  let world: UrlWorld;
  beforeAll(async () => {
    world = await start('1.30', (await renderGuarded()).replaceAll('"~*^[^?]*', '"~*(*LIMIT_MATCH=1)^[^?]*'));
  });
  afterAll(() => world?.remove());

  test('refuses every guarded path, and serves services without guards', async () => {
    expect((await world.ask(['/app/x', '/app/xyz/abc', '/free//x'])).map(describeOutcome)).toEqual([
      '/app/x 400 nginx',
      '/app/xyz/abc 400 nginx',
      '/free//x 200 free',
    ]);
  });
});
