import { loopback } from '../../model/address.ts';
import type { Instance } from '../../model/instance.ts';
import type { ProbeTarget } from './probe.ts';
import { defined } from '../../util/defined.ts';

/** The containers of an instance to probe: those with `meet.health=tcp` or `http:…` and an address. */
export function probeTargets({ frontendLabels, services }: Instance): readonly ProbeTarget[] {
  const host = frontendLabels.hosts?.find((name) => !name.startsWith('*'));
  return services.flatMap(({ replicas }) =>
    replicas.flatMap(({ container, endpoint, network, health }) => {
      if (endpoint === undefined || health === undefined || health.by === 'docker' || health.by === 'none') return [];
      const place = network === loopback.name ? ({ isOnLoopback: true } as const) : {};
      return [{ containerId: container.id, endpoint, ...place, health, ...defined({ host }) }];
    }),
  );
}
