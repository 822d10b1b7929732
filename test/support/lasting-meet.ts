import { startBreakableEngine, type BreakableEngine } from '../providers/engine/breakable-engine.ts';
import { providedEngine, providedImages } from '../providers/engine/provided.ts';
import { startHostedMeet, type HostedMeet } from './host-meet-gen.ts';

/** A Meet on a separate engine. Most of its containers start with the engine, at other addresses. */
export interface LastingMeet {
  readonly engine: BreakableEngine;
  readonly hosted: HostedMeet;
  /** Waits until all frontends send the API to exactly these backends, and the rooms to the SPA. */
  waitForBackends(backends: readonly string[]): Promise<void>;
  /** The addresses of the containers that start with the engine. */
  addresses(): Promise<readonly string[]>;
  down(): Promise<void>;
}

/** The backends that start with the engine. */
export const lastingBackends = ['backend-1', 'backend-2', 'stubborn-1'] as const;
/** A backend that doesn't start with the engine. It has the lowest address, which the first container to start gets. */
export const fleetingBackend = 'fleeting-1';

const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';
const frontends = ['frontend-1', 'frontend-2'];
const logTold = 4000;
const soon = { stop_grace_period: '1s' };
const lasting = { restart: 'always', ...soon };

/** Starts the engine, the Meet, and a meet-gen outside the engine. */
export async function startLastingMeet(part: string): Promise<LastingMeet> {
  const { frontend, backend: image, idle } = providedImages();
  const engine = await startBreakableEngine(providedEngine(), [frontend['1.30'], image, idle]);
  const another = { image, labels: { 'meet.role': 'backend', 'meet.service': 'backend' }, networks: ['internal'] };
  try {
    const hosted = await startHostedMeet(engine, part, {
      services: {
        frontend: soon,
        backend: lasting,
        fleeting: { ...another, ...soon },
        // The shell ignores the stop signal.
        stubborn: { ...another, ...lasting, entrypoint: ['sh', '-c', 'node /app/server.mjs; true'] },
        tools: lasting,
      },
      scale: { frontend: 0, backend: 0, stubborn: 0, tools: 0 },
    });
    const { meet } = hosted;
    await meet.scale({ frontend: 2, backend: 2, stubborn: 1, tools: 1 });
    return {
      engine,
      hosted,
      async waitForBackends(backends) {
        try {
          for (const one of frontends) await meet.routed({ [api]: backends, [room]: ['SPA'] }, one);
        } catch (cause) {
          throw new Error(`${String(cause)}\n${hosted.sidecar().stderr().slice(-logTold)}`, { cause });
        }
        await hosted.converged();
      },
      addresses: () => Promise.all([...lastingBackends, ...frontends].map((name) => meet.address(name, meet.internalNetwork))),
      async down() {
        await hosted.stop();
        await engine.stop();
      },
    };
  } catch (error) {
    await engine.stop();
    throw error;
  }
}
