import type { MeasureAlone } from '../figure.ts';
import { measureLoad } from './node-load.ts';
import { measurePolls } from './poll-cost.ts';

/** A swarm with 500 tasks: a node's polls, and the load of 50 nodes. The fake engine is the manager. */
export const measureSwarm: MeasureAlone = async (settings) => [...(await measurePolls(settings)), ...(await measureLoad(settings))];
