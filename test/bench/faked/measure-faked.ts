import type { MeasureAlone } from '../figure.ts';
import { measureBurst } from './burst.ts';
import { measureManyContainers } from './many-containers.ts';
import { measureResync } from './resync.ts';

/** Many containers and many events: the built command against a fake engine without faults. */
export const measureFaked: MeasureAlone = async (context) => [
  ...(await measureBurst(context)),
  ...(await measureManyContainers(context)),
  ...(await measureResync(context)),
];
