import type { SourceKind } from '../source.ts';
import { withExposedPorts } from './exposed-ports.ts';

const localReconnectCapMs = 500;
const remoteReconnectCapMs = 5000;

export const dockerSource: SourceKind = {
  name: 'docker',
  meaning: 'the containers of the engine at --docker-host',
  open({ dockerHost, instance }, { engine }) {
    return {
      list: withExposedPorts(engine, instance),
      subscribe: engine.subscribe,
      place: dockerHost.url,
      reconnectCapMs: 'socketPath' in dockerHost ? localReconnectCapMs : remoteReconnectCapMs,
    };
  },
};
