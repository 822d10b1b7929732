import type { SourceKind } from '../source.ts';

const localReconnectCapMs = 500;
const remoteReconnectCapMs = 5000;

export const dockerSource: SourceKind = {
  name: 'docker',
  meaning: 'the containers of the engine at --docker-host',
  place: ({ dockerHost }) => dockerHost.url,
  async open({ dockerHost, instance }, { engine }) {
    const { withExposedPorts } = await import('./exposed-ports.ts');
    return {
      list: withExposedPorts(engine, instance),
      subscribe: engine.subscribe,
      reconnectCapMs: 'socketPath' in dockerHost ? localReconnectCapMs : remoteReconnectCapMs,
    };
  },
};
