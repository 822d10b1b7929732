import type { Container } from './container.ts';
import type { Labels, Role } from './label-table.ts';
import type { ServiceMember } from './member.ts';
import type { OwnerReason } from './owner.ts';
import type { HealthLabel } from '../nginx/token.ts';
import type { Standing } from './rotation.ts';
import type { ServerParameters } from './server-parameters.ts';

/** A container of a service or of the SPA, with its place in the rotation and the reason. */
export interface Replica {
  readonly container: Container;
  /** The compose project of the container. */
  readonly project?: string;
  readonly standing: Standing;
  readonly inRotation: boolean;
  /** `address:port`; absent if the container has no usable address and port. */
  readonly endpoint?: string;
  readonly network?: string;
  /** The health check that decides; absent for the engine's. */
  readonly health?: HealthLabel;
  /** Absent where the container has none of these labels. */
  readonly parameters?: ServerParameters;
  readonly isBackup?: boolean;
  /** The replica's guards are not in force yet: it gets no requests until they are, and is not a standby. */
  readonly isUnguarded?: boolean;
}

/** All replicas of one service of one project, with the labels that apply to all. */
export interface Service {
  readonly name: string;
  readonly project?: string;
  readonly role: ServiceMember['role'];
  readonly labels: Labels;
  readonly replicas: readonly Replica[];
}

/** One Meet: its frontends or routers, and the services behind them. */
export interface Instance {
  readonly name: string;
  /** The compose project that owns the instance: only its containers decide for others. */
  readonly project?: string;
  readonly ownerReason?: OwnerReason;
  readonly frontendLabels: Labels;
  /**
   * The containers whose nginx includes the rendered file: the frontends, or the routers where the project has some.
   */
  readonly frontends: readonly Replica[];
  /** The frontends that serve the SPA behind routers; absent where there is no router. */
  readonly spa?: readonly Replica[];
  readonly services: readonly Service[];
}

/** The ports of containers without `meet.port`, by role. */
export const defaultPorts = { frontend: 8080, router: 8083, backend: 8000, media: 9000 } as const satisfies Partial<Record<Role, number>>;
