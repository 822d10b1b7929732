import type { Container } from './container.ts';
import type { Labels, Role } from './label-table.ts';
import type { ServiceMember } from './member.ts';
import type { OwnerReason } from './owner.ts';
import type { HealthLabel } from '../nginx/token.ts';
import type { Standing } from './rotation.ts';
import type { ServerParameters } from './server-parameters.ts';

/** A container of a service or of the SPA, judged: in rotation or not, and why. */
export interface Replica {
  readonly container: Container;
  /** The compose project it belongs to. */
  readonly project?: string;
  readonly standing: Standing;
  readonly inRotation: boolean;
  /** `address:port`, when the container has a usable one. */
  readonly endpoint?: string;
  readonly network?: string;
  /** Who says that it is ready; absent for the engine. */
  readonly health?: HealthLabel;
  /** Absent where its labels say nothing of its share. */
  readonly parameters?: ServerParameters;
  readonly isBackup?: boolean;
  /** It asks for guards that don't hold: it is sent nothing before they do, and stands by for nobody. */
  readonly isUnguarded?: boolean;
}

/** All replicas of one service of one project, with what their labels say together. */
export interface Service {
  readonly name: string;
  readonly project?: string;
  readonly role: ServiceMember['role'];
  readonly labels: Labels;
  readonly replicas: readonly Replica[];
}

/** One Meet: its frontends or routers, and what is behind them. */
export interface Instance {
  readonly name: string;
  /** The compose project that owns it: its containers alone decide for others. */
  readonly project?: string;
  /** How the owner is known. */
  readonly ownerReason?: OwnerReason;
  readonly frontendLabels: Labels;
  /** Whose nginx includes the rendered file: the frontends, or the routers where the instance has some of its own project. */
  readonly frontends: readonly Replica[];
  /** Who serves the SPA behind routers; absent where the frontends are their own. */
  readonly spa?: readonly Replica[];
  readonly services: readonly Service[];
}

/** Where containers of a role listen that say nothing else. */
export const defaultPorts = { frontend: 8080, router: 8083, backend: 8000, media: 9000 } as const satisfies Partial<Record<Role, number>>;
