import { dockerSource } from '../docker/docker-source.ts';
import type { SourceKind } from '../source.ts';
import { swarmSource } from '../swarm/swarm-source.ts';

/** Every value of `--source`, in the order of its help. */
export const sourceKinds: readonly SourceKind[] = [dockerSource, swarmSource];

export const defaultSource = dockerSource;

export function sourceNamed(name: string): SourceKind | undefined {
  return sourceKinds.find((kind) => kind.name === name);
}
