import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observe } from '../support/containers.ts';
import type { NginxChecker } from '../support/nginx-check.ts';
import { parseNginx } from '../support/nginx-parse.ts';
import { renderWorld } from '../support/render-world.ts';
import { notAllowed } from './allowed-directives.ts';
import { filesOfPairs, twoFrontends } from './label-pairs.ts';
import { acceptedByNginx, bothNginx } from './nginx-verdict.ts';

// Labels that are legal alone, in whatever company: nginx takes the file, and meet-gen says what it left out.

describe('labels together', () => {
  let checkers: readonly NginxChecker[];
  beforeAll(async () => {
    checkers = await bothNginx();
  });
  afterAll(async () => {
    await Promise.all(checkers.map((checker) => checker.close()));
  });

  it('any two of a frontend and any two of a service: nginx takes the file, which says nothing it should not', async () => {
    const files = await filesOfPairs();
    expect(files.length).toBeGreaterThan(150);
    for (const file of files) expect(notAllowed(parseNginx(file))).toEqual([]);
    // All of them in test/endurance/attack.test.ts.
    const some = files.filter((_, index) => index % 10 === 0);
    await acceptedByNginx(checkers, some);
  });

  it.each([
    ['hash $remote_addr consistent;', 'server 192.0.2.1; server 192.0.2.2 backup;'],
    ['random two;', 'server 192.0.2.1; server 192.0.2.2 backup;'],
    ['', 'server 192.0.2.1 backup;'],
    ['least_conn;', 'server 192.0.2.1 backup;'],
  ])('nginx itself refuses the backup that is left out: %s %s', async (balance, servers) => {
    for (const checker of checkers) {
      const { ok, output } = await checker.test({ 'conf.d/upstream.conf': `upstream x { ${balance} ${servers} }` });
      expect(ok).toBe(false);
      expect(output).toMatch(/balancing method does not support parameter "backup"|no servers in upstream/);
    }
  });

  it('three ports of a frontend, whatever they are: all differ, also those that other frontends are asked on', async () => {
    const ports = ['8080', '8083', '8084', '9000'];
    for (const spa of ports)
      for (const listen of ports)
        for (const status of ports) {
          const labels = { 'meet.port': spa, 'meet.listen': listen, 'meet.status-port': status };
          const { files, problems } = await renderWorld(observe(twoFrontends(labels)));
          const file = files.get('meet') ?? '';
          const [routing, internal] = [...file.matchAll(/listen (\d+);/g)].map(([, port]) => port);
          const spaPorts = [...file.matchAll(/server [0-9.]+:(\d+) /g)].map(([, port]) => port);
          expect(new Set([routing, internal, ...spaPorts]).size, file).toBe(3);
          expect(spaPorts).toHaveLength(3);
          expect(new Set(spaPorts).size).toBe(1);
          const collide = new Set([spa, listen, status]).size < 3;
          expect(problems.some(({ code }) => code === 'ports-collide')).toBe(collide);
        }
  });
});
