import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { victims } from '../../attack/hostile-world.ts';
import { filesOfPairs } from '../../attack/label-pairs.ts';
import { takeSets, takeTextsByHand } from '../../attack/take-sets.ts';
import { filesService, observe } from '../../support/containers.ts';
import type { NginxChecker } from '../../support/nginx-check.ts';
import { renderWorld } from '../../support/render-world.ts';
import { acceptedByNginx, acceptedTogether, bothNginx } from './nginx-verdict.ts';

// The oldest and the newest nginx load the files of hostile and odd containers. test/attack checks the content of the
// files; the long form is test/endurance/attack.test.ts.

const named = (service: string, index: number): Container =>
  filesService({ name: `meet-${service}-1`, service, labels: { 'meet.paths': `/case${index}` } });

const at = (address: string, index: number): Container =>
  filesService({
    name: `n${index}`,
    service: `n${index}`,
    labels: { 'meet.paths': `/n${index}` },
    networks: { meet_default: address },
  });

let checkers: readonly NginxChecker[];
beforeAll(async () => {
  checkers = await bothNginx();
});
afterAll(async () => {
  await Promise.all(checkers.map((checker) => checker.close()));
});

describe('files of hostile containers', () => {
  it('load with texts made by hand, each in the half of the places that test/attack leaves out', async () => {
    await acceptedTogether(checkers, await takeTextsByHand('odd'));
  });

  it('load for 200 generated sets', async () => {
    const files: string[] = [];
    await takeSets(200, 1, (some) => Promise.resolve(void files.push(...some)));
    expect(files.length).toBeGreaterThan(200);
    await acceptedTogether(checkers, files);
  });
});

describe('files of combined labels', () => {
  it('load for some pairs of a frontend with pairs of a service', async () => {
    // test/endurance/attack.test.ts has all pairs.
    const some = (await filesOfPairs()).filter((_, index) => index % 10 === 0);
    await acceptedTogether(checkers, some);
  });

  it.each([
    ['hash $remote_addr consistent;', 'server 192.0.2.1; server 192.0.2.2 backup;'],
    ['random two;', 'server 192.0.2.1; server 192.0.2.2 backup;'],
    ['', 'server 192.0.2.1 backup;'],
    ['least_conn;', 'server 192.0.2.1 backup;'],
  ])('nginx refuses the backup that meet-gen leaves out: %s %s', async (balance, servers) => {
    for (const checker of checkers) {
      const { ok, output } = await checker.test({ 'conf.d/upstream.conf': `upstream x { ${balance} ${servers} }` });
      expect(ok).toBe(false);
      expect(output).toMatch(/balancing method does not support parameter "backup"|no servers in upstream/);
    }
  });
});

describe('files of odd names and addresses', () => {
  it('load for services whose names differ only in case, which nginx ignores', async () => {
    const { files } = await renderWorld(observe([...victims, ...['Files', 'FILES', 'Backend', 'BACKEND'].map(named)]));
    await acceptedByNginx(checkers, [...files.values()]);
  });

  it('load for addresses in all forms of the engine', async () => {
    const addresses = [
      '172.18.0.66/16',
      'fd00::66/64',
      '::ffff:172.18.0.66/96',
      'FD00:0:0:0:0:0:0:66/64',
      'fe80::66/10',
      '255.255.255.254/1',
      '172.18.0.67/32',
    ];
    const { files, problems } = await renderWorld(observe([...victims, ...addresses.map(at)]));
    expect(problems).toEqual([]);
    await acceptedByNginx(checkers, [...files.values()]);
  });
});
