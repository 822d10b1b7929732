import type { InstanceStatus } from './snapshot.ts';

/** A path in its shown form: `/x/` for the path and all below it, `=/x` for exactly that path. */
interface ShownRoute {
  readonly path: string;
  readonly isLeftOut: boolean;
}

/** The shown paths of each service. A path and all below it is one entry. */
export function routesByService({ routes }: InstanceStatus): ReadonlyMap<string, readonly ShownRoute[]> {
  const below = new Set(routes.filter(({ kind }) => kind === 'below').map(({ path }) => path));
  const shown = routes.filter(({ path, kind }) => kind === 'below' || !below.has(`${path}/`));
  const byService = new Map<string, readonly ShownRoute[]>();
  for (const { path, kind, service, leftOut } of shown) {
    const route = { path: kind === 'exact' ? `=${path}` : path, isLeftOut: leftOut === true };
    byService.set(service, [...(byService.get(service) ?? []), route]);
  }
  return byService;
}
