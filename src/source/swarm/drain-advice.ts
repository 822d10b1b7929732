/**
 * The answer of `meet-gen drain` on Swarm. A drain of this meet-gen wouldn't reach the meet-gens of other nodes. A label of
 * the service does, and restarts no task.
 */
export const drainAdvice =
  'each node of a swarm has its own meet-gen, so drain on a manager. ' +
  'A service: docker service update --label-add meet.drain=true SERVICE. ' +
  'All tasks of a node: docker node update --availability drain NODE. ' +
  'Updates and scaling need no drain: meet-gen sees each stop coming';
