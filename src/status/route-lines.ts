import type { InstanceStatus } from './snapshot.ts';

/** A path as it is shown: `/x/` stands for itself and all below, `=/x` for exactly that. */
interface ShownRoute {
  readonly path: string;
  readonly isLeftOut: boolean;
}

/** The paths of each service; one that stands for itself and all below is told once. */
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
