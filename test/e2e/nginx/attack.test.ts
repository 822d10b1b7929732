import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { victims } from '../../attack/hostile-world.ts';
import { filesOfPairs } from '../../attack/label-pairs.ts';
import { takeSets, takeTextsByHand } from '../../attack/take-sets.ts';
import { filesService, observe } from '../../support/containers.ts';
import type { NginxChecker } from '../../support/nginx-check.ts';
import { renderWorld } from '../../support/render-world.ts';
import { acceptedByNginx, acceptedTogether, bothNginx } from './nginx-verdict.ts';

// Whatever hostile or odd containers make of the file, the oldest and the newest nginx load it. What the files hold is judged in
// test/attack; the long form is test/endurance/attack.test.ts.

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

describe('hostile containers', () => {
  it('with texts made by hand, each in the half of the places that test/attack leaves out', async () => {
    await acceptedTogether(checkers, await takeTextsByHand('odd'));
  });

  it('of 200 generated sets', async () => {
    const files: string[] = [];
    await takeSets(200, 1, (some) => Promise.resolve(void files.push(...some)));
    expect(files.length).toBeGreaterThan(200);
    await acceptedTogether(checkers, files);
  });
});

describe('labels together', () => {
  it('some of any two of a frontend and any two of a service', async () => {
    // All of them in test/endurance/attack.test.ts.
    const some = (await filesOfPairs()).filter((_, index) => index % 10 === 0);
    await acceptedTogether(checkers, some);
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
});

describe('names and addresses', () => {
  it('takes services whose names differ only in case, which it would take for one', async () => {
    const { files } = await renderWorld(observe([...victims, ...['Files', 'FILES', 'Backend', 'BACKEND'].map(named)]));
    await acceptedByNginx(checkers, [...files.values()]);
  });

  it('takes addresses in all forms that the engine could give', async () => {
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
