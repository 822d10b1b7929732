import { describe, expect, it } from 'vitest';
import { observe } from '../support/containers.ts';
import { parseNginx } from '../support/nginx-parse.ts';
import { renderWorld } from '../support/render-world.ts';
import { notAllowed } from './allowed-directives.ts';
import { filesOfPairs, twoFrontends } from './label-pairs.ts';

// Legal labels in combination: the file has only the directives of the template, and meet-gen reports the labels left
// out. nginx loads the files in test/e2e/nginx/attack.test.ts.

describe('combined labels', () => {
  it('print only allowed directives for any two labels of a frontend and any two of a service', async () => {
    const files = await filesOfPairs();
    expect(files.length).toBeGreaterThan(150);
    for (const file of files) expect(notAllowed(parseNginx(file))).toEqual([]);
  });

  it('give a frontend three different ports, and the SPA the same port on all frontends', async () => {
    const ports = ['8080', '8083', '8084', '9000'];
    for (const spa of ports)
      for (const listen of ports)
        for (const status of ports) {
          const labels = { 'meet.port': spa, 'meet.listen': listen, 'meet.status-port': status };
          const { files, problems } = await renderWorld(observe(twoFrontends(labels)));
          const file = files.get('meet') ?? '';
          const [routing, internal] = [...file.matchAll(/listen (\d+);/g)].map(([, port]) => port);
          const block = /^upstream meet-spa \{[^}]*\}/m.exec(file)?.[0] ?? '';
          const spaPorts = [...block.matchAll(/server [0-9.]+:(\d+) /g)].map(([, port]) => port);
          expect(new Set([routing, internal, ...spaPorts]).size, file).toBe(3);
          expect(spaPorts).toHaveLength(3);
          expect(new Set(spaPorts).size).toBe(1);
          const collide = new Set([spa, listen, status]).size < 3;
          expect(problems.some(({ code }) => code === 'ports-collide')).toBe(collide);
        }
  });
});
