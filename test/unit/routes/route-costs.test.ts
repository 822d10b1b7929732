import { describe, expect, it } from 'vitest';
import { readInstances } from '../../../src/model/read-instances.ts';
import type { Instance, Service } from '../../../src/model/instance.ts';
import type { PathRule } from '../../../src/nginx/token.ts';
import { assignRoutes } from '../../../src/routes/ownership.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { backend, filesService, frontend, observe } from '../../support/containers.ts';

/* Other projects may add routes to an instance. The cost grows with the number of routes, up to a limit. */

function meet(): Instance {
  const [instance] = readInstances(observe([frontend(), backend(), filesService()])).instances;
  if (instance === undefined) throw new Error('there is no instance');
  return instance;
}

/** An instance with a number of services of other projects, with paths and guards. Their rules count each read. */
function crowd(services: number, pathsEach = 16): { readonly instance: Instance; looks(): number } {
  const instance = meet();
  let looks = 0;
  const counted = (kind: PathRule['kind'], path: string): PathRule => ({
    get kind() {
      looks += 1;
      return kind;
    },
    get path() {
      looks += 1;
      return path;
    },
  });
  const files = instance.services.find(({ role }) => role === 'service');
  if (files === undefined) throw new Error('there is no service');
  const foreign = Array.from({ length: services }, (_, index): Service => {
    const paths = Array.from({ length: pathsEach }, (__, nth) => `/s${index}/p${nth}`);
    return {
      ...files,
      name: `s${index}`,
      project: 'other',
      labels: {
        paths: { replacesPreset: true, rules: paths.map((path) => counted('below', `${path}/`)) },
        allow: {
          closesAll: false,
          rules: [
            { name: 'in', rules: [counted('below', `/s${index}/p0/in/`)], networks: ['10.0.0.0/8'] },
            { name: 'nowhere', rules: [counted('below', `/nowhere${index}/`)], networks: [] },
          ],
        },
      },
    };
  });
  return { instance: { ...instance, services: [...instance.services, ...foreign] }, looks: () => looks };
}

describe('services of other projects', () => {
  it('cost four times as much for four times as many', () => {
    const [few, many] = [40, 160].map((services) => {
      const { instance, looks } = crowd(services);
      const { problems } = planRouting(instance, []);
      expect(problems.filter(({ code }) => code === 'allow-without-route')).toHaveLength(services);
      return looks();
    });
    // Sorting grows a little faster than the number; comparing every pair would take sixteen times as long.
    expect((many ?? NaN) / (few ?? NaN)).toBeLessThan(6);
  });

  it('get the paths left over by the own services within the limit, guards counted', () => {
    const { instance } = crowd(2000);
    const own = {
      ...instance.services[1]!,
      name: 'zz',
      labels: { paths: { replacesPreset: true, rules: [{ kind: 'exact', path: '/own' }] } },
    } as const;
    const { routes, problems } = assignRoutes({ ...instance, services: [...instance.services, own] });
    expect(routes.length).toBeGreaterThan(17_000);
    expect(routes.length).toBeLessThanOrEqual(20_000);
    for (const path of ['/own', '/api', '/files']) expect(routes.some(({ rule }) => rule.path === path)).toBe(true);
    expect(problems.filter(({ code }) => code === 'too-many-routes')).toMatchObject([
      {
        instance: 'meet',
        message: expect.stringMatching(
          /^the services of the instance ask for more than 20000 paths, so \d+ paths of \d+ services from other\/s/,
        ),
      },
    ]);
    expect(planRouting({ ...instance, services: [...instance.services, own] }, []).routes.length).toBeLessThanOrEqual(20_000);
  });
});
