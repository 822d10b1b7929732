/**
 * The answer of `meet-gen drain` on Swarm. A drain that this meet-gen remembers wouldn't reach those of other nodes, while
 * a label of the service does, without a restart of its tasks.
 */
export const drainAdvice =
  'on Swarm each node has its own meet-gen, so drain with Docker, on a manager: ' +
  'docker service update --label-add meet.drain=true SERVICE (all tasks of a service; --label-rm meet.drain ends that), or ' +
  'docker node update --availability drain NODE (stops all tasks of a node; --availability active ends that). ' +
  'An update, scaling down and a drained node lose no request without it: Swarm announces each stop three seconds before';
