import { afterAll, describe, expect, test } from 'vitest';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { limitedBy, routesSaying, sha256, startHooked, type Ground, type HookedFrontend } from '../../support/hooked-frontend.ts';
import { waitUntil } from '../../support/wait-until.ts';

// The other two pairs and slow tests are in test/endurance/hook.test.ts.
const grounds: readonly Ground[] = [
  { series: '1.30', shell: 'busybox' },
  { series: '1.22', shell: 'dash' },
];

const engine = providedEngine();
const images = providedImages();
const started: HookedFrontend[] = [];
const start = async (ground: Ground, part: string, options = {}): Promise<HookedFrontend> => {
  const frontend = await startHooked(engine, images, ground, `hook-${part}-${ground.series.replace('.', '')}`, options);
  started.push(frontend);
  return frontend;
};
afterAll(() => Promise.all(started.map((frontend) => frontend.remove())));

const bad = routesSaying('bad', { more: 'no_such_directive on;' });

describe.each(grounds)('nginx $series, $shell', { concurrent: true }, (ground) => {
  test('with a read-only root and /tmp in memory: serves good files, refuses a bad file, and starts while a bad file is published', async () => {
    const instance = ground.shell === 'dash' ? { instance: 'meet-2' } : {};
    const frontend = await start(ground, 'hardened', instance);
    await frontend.until({ routes: '503', generation: 'none', rejected: '404' });
    await frontend.publish(routesSaying('first'));
    await frontend.until({ routes: 'first', generation: 'first', rejected: '404' });

    await frontend.publish(bad);
    await frontend.until({ routes: 'first', generation: 'first', rejected: sha256(bad) });
    const file = ground.shell === 'dash' ? '/etc/nginx/meet-routing/meet-2/routing.conf' : '/etc/nginx/meet-routing/routing.conf';
    expect(await frontend.rejection()).toContain(`unknown directive "no_such_directive" in ${file}:1\n`);
    await waitUntil('the log has the reason', async () =>
      (await frontend.log()).includes(`unknown directive "no_such_directive" in ${file}:1\n`),
    );

    await frontend.docker('restart', '--time', '1');
    await frontend.until({ routes: '503', generation: 'none', rejected: sha256(bad) });
    await frontend.publish(routesSaying('fixed'));
    await frontend.until({ routes: 'fixed', generation: 'fixed', rejected: '404' });

    // A user runs `nginx -t` through the entrypoint, which runs the hook again.
    await frontend.exec('/docker-entrypoint.sh', 'nginx', '-t');
    expect(await frontend.loops()).toHaveLength(1);
    await frontend.docker('restart', '--time', '1');
    await frontend.until({ routes: 'fixed', generation: 'fixed', rejected: '404' });
    expect(await frontend.loops()).toHaveLength(1);
    await waitUntil('only the included file is left', async () => {
      // find fails if a file vanishes during its run.
      const files = await frontend.exec('find', '/tmp/meet-gen', '-type', 'f').catch(() => '');
      return files === '/tmp/meet-gen/routing/routing.conf\n';
    });
  });

  test('with a persistent /tmp: starts with the last good routes, even after a crash during a trial', async () => {
    const frontend = await start(ground, 'kept', { keepsTmp: true, published: routesSaying('first') });
    await frontend.until({ routes: 'first', generation: 'first', rejected: '404' });
    await frontend.publish(bad);
    await frontend.until({ routes: 'first', rejected: sha256(bad) });
    await frontend.docker('restart', '--time', '1');
    await frontend.until({ routes: 'first', generation: 'first', rejected: sha256(bad) });

    await frontend.publish(limitedBy('$binary_remote_addr', 'by-address'));
    await frontend.until({ routes: 'by-address', rejected: '404' });
    // Passes nginx's test, but a running nginx doesn't change the key of a zone.
    const byUri = limitedBy('$request_uri', 'by-uri');
    await frontend.publish(byUri);
    await waitUntil('the file is on trial', () =>
      frontend.exec('test', '-e', '/tmp/meet-gen/trial').then(
        () => true,
        () => false,
      ),
    );
    await frontend.docker('kill');
    await frontend.docker('start');
    await frontend.until({ routes: 'by-address' });
    await frontend.until({ routes: 'by-address', generation: 'by-address', rejected: sha256(byUri) });
    expect(await frontend.rejection()).toContain(
      '\nnginx accepted the file in its test but goes on serving the old one; its log says why\n',
    );
    // After a restart the zone has no previous key.
    await frontend.docker('restart', '--time', '1');
    await frontend.until({ routes: 'by-uri', generation: 'by-uri', rejected: '404' });
  });

  test('starts and follows despite a pipe instead of the file, and odd files of a neighbour', async () => {
    const frontend = await start(ground, 'pipe', { published: routesSaying('first') });
    await frontend.until({ routes: 'first' });
    const mess =
      'mkfifo routing.conf && truncate -s 1099511627776 huge.conf && ln -s /dev/zero zero.conf && mkdir folder.conf && ln -s / elsewhere';
    await frontend.inVolume(`mkdir other && (cd other && ${mess}) && ln -s other linked && rm routing.conf && mkfifo routing.conf`);
    await frontend.docker('restart', '--time', '1');
    await frontend.until({ routes: '503', generation: 'none', rejected: '404' });
    expect(await frontend.log()).toContain('/etc/nginx/meet-routing/routing.conf is no regular file; remove it');
    expect(await frontend.loops()).toHaveLength(1);
    await frontend.inVolume('rm routing.conf');
    await frontend.publish(routesSaying('second'));
    await frontend.until({ routes: 'second', generation: 'second', rejected: '404' });
  });

  test('keeps the old routes if a file passes nginx’s test and its port is taken', async () => {
    const frontend = await start(ground, 'port', { published: routesSaying('first') });
    await frontend.until({ routes: 'first' });
    await frontend.leave(
      'perl',
      '-MIO::Socket::INET',
      '-e',
      'my $taken = IO::Socket::INET->new(LocalPort => 8099, Listen => 1) or die; sleep 600',
    );
    await waitUntil('the port is taken', async () => (await frontend.exec('cat', '/proc/net/tcp')).includes(':1FA3 '));
    const second = routesSaying('second', { inServer: 'listen 8099;' });
    await frontend.publish(second);
    await frontend.until({ routes: 'first', generation: 'first', rejected: sha256(second) });
    expect(await frontend.rejection()).toContain('goes on serving the old one');
    expect(await frontend.log()).toContain('bind() to 0.0.0.0:8099 failed');
    expect(await frontend.exec('cat', '/tmp/meet-gen/routing/routing.conf')).toBe(routesSaying('first'));
    await frontend.exec(
      'sh',
      '-c',
      'for process in /proc/[0-9]*; do ! grep -qs "^[p]erl" "$process/cmdline" || kill "${process#/proc/}" || :; done',
    );
    // The file passed nginx's test, so no new publication is needed.
    await frontend.until({ routes: 'second', generation: 'second', rejected: '404' });
  });
});
