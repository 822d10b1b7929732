import type { SourceKind } from '../source.ts';

/** A manager answers soon after its return, and 50 nodes may wait for it. */
export const reconnectCapMs = 400;

export const swarmSource: SourceKind = {
  name: 'swarm',
  meaning: 'the tasks of a Docker Swarm, from the managers at --managers',
  missing: ({ node }) =>
    node === undefined
      ? {
          option: '--node (MEET_GEN_NODE)',
          // Without the node's id, meet-gen would try to reload the frontends of all nodes.
          reason: "missing with --source swarm; in a stack file set it to '{{.Node.ID}}', elsewhere to the NodeID of docker info",
        }
      : undefined,
  // Swarm ends an unhealthy task, and only a manager can start another.
  isHealthyWithoutView: true,
  place: ({ managers }) => managers.map(({ url }) => url).join(', '),
  async open({ managers, readerSecret, node, instance }, { countCall }) {
    const [{ createManagerClient }, { createManagers }, { pollSwarm }, { readReaderSecret }, { createResolver, resolveManager }] =
      await Promise.all([
        import('./manager-client.ts'),
        import('./managers.ts'),
        import('./poll.ts'),
        import('./reader-secret.ts'),
        import('./task-dns.ts'),
      ]);
    const secret = readerSecret === undefined ? undefined : await readReaderSecret(readerSecret);
    const resolve = createResolver();
    return {
      ...pollSwarm({
        managers: createManagers(managers, (name) => resolveManager(resolve, name)),
        client: createManagerClient(secret, countCall),
        resolve,
        secret,
        node,
        instance,
      }),
      reconnectCapMs,
      drainAdvice:
        'on a swarm, a task is drained by the swarm. A whole service: docker service update --label-add meet.drain=true <service>, and --label-rm meet.drain to end it. All tasks of a node: docker node update --availability drain <node>',
    };
  },
};
