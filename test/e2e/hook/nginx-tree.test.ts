import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readShippedText } from '../../../src/render/shipped-templates.ts';
import { provideBusyboxFrontend } from '../../providers/engine/busybox-frontend.ts';
import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { tryCommand, type CommandResult } from '../../providers/run-command.ts';
import { runLabel } from '../../providers/engine/test-run.ts';

const engine = providedEngine();
const images = providedImages();

// Files that a frontend's tree may have beside nginx's own. The private files belong to root, and nginx isn't root here.
const furnish = `
set -e
cd /etc/nginx
mkdir -p links meet-routing private
ln -s ../conf.d/default.conf links/relative-inside
ln -s /etc/nginx/mime.types links/absolute-inside
ln -s ../../hostname links/relative-outside
ln -s /usr/lib links/absolute-outside
ln -s /nowhere links/broken
echo 'include /etc/nginx/meet-routing/*.conf;' > conf.d/routing.conf
echo 'server { listen 8083; }' > meet-routing/routing.conf
echo 'a /etc/nginx/b "/etc/nginx" /etc/nginx; /etc/nginx-old/c /srv/etc/nginx/d' > words
printf '\\0/etc/nginx/e' > module.so
chmod 400 mime.types && chown 1001 mime.types
chmod 700 private
`;

describe.each([
  { series: '1.30', shell: 'busybox' },
  { series: '1.22', shell: 'dash' },
] as const)('nginx $series, $shell', ({ series, shell }) => {
  let container = '';
  /** Runs a shell script with the shipped functions, as the frontend's user. */
  const sh = (script: string): Promise<CommandResult> =>
    tryCommand(engine.dockerCli, ['exec', container, 'sh', '-c', `${readShippedText('nginx-tree.sh')}\n${script}`], { env: engine.env });

  beforeAll(async () => {
    const image = shell === 'dash' ? images.frontend[series] : await provideBusyboxFrontend(engine, images, series);
    const place = ['--network', 'none', '--init', '--tmpfs', '/small:size=24k,mode=1777', '--entrypoint', 'sleep'];
    container = (await docker(engine, ['run', '--detach', '--label', runLabel, ...place, image, '600'])).trim();
    await docker(engine, ['exec', '--user', '0', container, 'sh', '-c', furnish]);
  });
  afterAll(() => docker(engine, ['rm', '--force', container]));

  test('a copy of the tree refers to itself in all text files', async () => {
    const { stdout } = await sh(`
      copy_tree /tmp/copy && cd /tmp/copy && cat words conf.d/routing.conf && cmp module.so /etc/nginx/module.so && ls private
      for link in relative-inside absolute-inside relative-outside absolute-outside broken; do readlink links/$link; done`);
    expect(stdout.split('\n')).toEqual([
      'a /tmp/copy/b "/tmp/copy" /tmp/copy; /etc/nginx-old/c /srv/etc/nginx/d',
      'include /tmp/copy/meet-routing/*.conf;',
      '/tmp/copy/conf.d/default.conf',
      '/tmp/copy/mime.types',
      '/etc/hostname',
      '/usr/lib',
      '/nowhere',
      '',
    ]);
  });

  test('nginx tests a file in the copy, and its words name the original tree', async () => {
    const good = await sh('copy_tree /tmp/copy && test_tree /tmp/copy');
    expect(good).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('configuration file /etc/nginx/nginx.conf test is successful') as string,
    });
    const bad = await sh("copy_tree /tmp/copy && echo 'no_such;' > /tmp/copy/meet-routing/routing.conf && test_tree /tmp/copy");
    expect(bad).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('"no_such" in /etc/nginx/meet-routing/routing.conf:1') as string,
    });
    expect(bad.stdout).not.toContain('/tmp/');
    // The next copy is independent.
    expect(await sh('copy_tree /tmp/copy && test_tree /tmp/copy')).toMatchObject({ code: 0 });
  });

  test('reports why the copy failed, instead of testing an incomplete copy', async () => {
    expect(await sh('copy_tree /small/copy')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('No space left on device') as string,
    });
    expect(await sh('copy_tree /proc/copy')).toMatchObject({ code: 1, stdout: expect.stringMatching(/\/proc\/copy/) as string });
  });
});
