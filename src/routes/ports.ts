import type { Instance } from '../model/instance.ts';
import { labelTable } from '../model/label-table.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';

/** The three ports inside a frontend container; a router has no SPA, so `spa` is 0. */
export interface FrontendPorts {
  readonly listen: number;
  readonly status: number;
  readonly spa: number;
}

type PortName = keyof FrontendPorts;

const defaults: FrontendPorts = { listen: 8083, status: 8084, spa: 8080 };
const labelOf = { listen: 'listen', status: 'statusPort', spa: 'port' } as const;

/** The sets of labels to apply, most labels first. */
const choices: readonly (readonly PortName[])[] = [
  ['spa', 'listen', 'status'],
  ['spa', 'listen'],
  ['spa', 'status'],
  ['listen', 'status'],
  ['spa'],
  ['listen'],
  ['status'],
  [],
];

/**
 * Decides the frontend's ports. nginx refuses two servers on one port, so a colliding label is ignored with a problem.
 */
export function decideFrontendPorts(instance: Instance): { ports: FrontendPorts; problems: readonly Problem[] } {
  // A router has no SPA to collide with.
  const usual = instance.spa === undefined ? defaults : { ...defaults, spa: 0 };
  const asked = (name: PortName): number | undefined =>
    name === 'spa' && instance.spa !== undefined ? undefined : instance.frontendLabels[labelOf[name]];
  const portsBy = (labels: readonly PortName[]): FrontendPorts => ({
    ...usual,
    ...Object.fromEntries(labels.map((name) => [name, asked(name) ?? usual[name]])),
  });
  const kept = choices.find((labels) => new Set(Object.values(portsBy(labels))).size === 3) ?? [];
  const ports = portsBy(kept);
  const left = (['spa', 'listen', 'status'] as const).filter((name) => !kept.includes(name) && asked(name) !== undefined);
  return { ports, problems: left.map((name) => collision(instance, name, asked(name), ports[name])) };
}

function collision(instance: Instance, name: PortName, wanted: number | undefined, taken: number): Problem {
  return problem('ports-collide', {
    instance: instance.name,
    container: instance.frontends[0]?.container.name,
    key: labelTable[labelOf[name]].key,
    value: String(wanted),
    message: `another server of the frontend has this port, so port ${taken} is used instead`,
    cure: 'give the routing server, the status server and the SPA three different ports',
  });
}
