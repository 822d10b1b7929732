import type { Instance } from '../model/instance.ts';
import type { Problem } from '../model/problem.ts';
import type { RoutingView } from '../routes/view.ts';
import type { RoutingStructure } from '../routes/structure.ts';
import type { InstanceStatus } from '../status/snapshot.ts';

/** A view with its structure, which names the owner of a location without servers. */
export interface Routing {
  readonly view: RoutingView;
  readonly structure: RoutingStructure;
}

/** The facts about one instance. */
export interface InstanceFacts {
  readonly instance: Instance;
  readonly status: InstanceStatus;
  /** The routing on disk; absent before the first published file. */
  readonly published?: Routing;
  /** The routing that labels ask for; absent where the last pass failed. */
  readonly wanted?: Routing;
}

/** The input of an explanation. */
export interface Facts {
  readonly instances: readonly InstanceFacts[];
  readonly problems: readonly Problem[];
  /** The only instance of this meet-gen; absent for all. */
  readonly only?: string | undefined;
  /** The templates are the user's own and can print other locations than the shipped ones. */
  readonly ownTemplates: boolean;
}
