import type { Instance } from '../model/instance.ts';
import type { Problem } from '../model/problem.ts';
import type { RoutingView } from '../routes/view.ts';
import type { RoutingStructure } from '../routes/structure.ts';
import type { InstanceStatus } from '../status/snapshot.ts';

/** A routing with the structure that it was filled from, which tells whose a location is that nobody answers. */
export interface Routing {
  readonly view: RoutingView;
  readonly structure: RoutingStructure;
}

/** What is known of an instance while it is looked after. */
export interface InstanceFacts {
  readonly instance: Instance;
  readonly status: InstanceStatus;
  /** What is on disk now, for its frontends to serve; absent while nothing is. */
  readonly published?: Routing;
  /** What labels ask for; absent where the last pass came to nothing. */
  readonly wanted?: Routing;
}

/** Everything that an explanation is made from. */
export interface Facts {
  readonly instances: readonly InstanceFacts[];
  readonly problems: readonly Problem[];
  /** The only instance that is looked after; absent for all. */
  readonly only?: string | undefined;
  /** Templates of the user's own, which can print something else than the shipped ones. */
  readonly ownTemplates: boolean;
}
