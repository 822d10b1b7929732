import type { Instance } from '../model/instance.ts';
import { labelTable } from '../model/label-table.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';

/** The three ports inside a frontend container. */
export interface FrontendPorts {
  readonly listen: number;
  readonly status: number;
  readonly spa: number;
}

const defaults: FrontendPorts = { listen: 8083, status: 8084, spa: 8080 };
const labelOf = { listen: 'listen', status: 'statusPort', spa: 'port' } as const;

/** Decides the frontend's ports; nginx refuses two servers on one, so a label that collides is left out, with a problem. */
export function decideFrontendPorts(instance: Instance): { ports: FrontendPorts; problems: readonly Problem[] } {
  const { port: spa, listen, statusPort: status } = instance.frontendLabels;
  const asked = { listen: listen ?? defaults.listen, status: status ?? defaults.status, spa: spa ?? defaults.spa };
  if (areDistinct(asked)) return { ports: asked, problems: [] };
  const problems: Problem[] = [];
  let ports = defaults;
  for (const name of ['spa', 'listen', 'status'] as const) {
    const wanted = instance.frontendLabels[labelOf[name]];
    if (wanted === undefined) continue;
    const next = { ...ports, [name]: wanted };
    if (areDistinct(next)) {
      ports = next;
      continue;
    }
    problems.push(
      problem('ports-collide', {
        instance: instance.name,
        container: instance.frontends[0]?.container.name,
        key: labelTable[labelOf[name]].key,
        value: String(wanted),
        message: `another server of the frontend already has this port; ${ports[name]} is taken instead`,
        cure: 'give routing server, status server and SPA three different ports',
      }),
    );
  }
  return { ports, problems };
}

function areDistinct(ports: FrontendPorts): boolean {
  return new Set(Object.values(ports)).size === 3;
}
