import { desertedServices, isProven, isServing } from '../status/headline.ts';
import type { FrontendStatus, ReplicaStatus, StatusSnapshot } from '../status/snapshot.ts';

/** The colour of a state: fine, in progress or not quite right, or harmful for visitors. */
export type Mood = 'good' | 'care' | 'bad';

/** A change in progress isn't a failure. */
export function moodOf(snapshot: StatusSnapshot): Mood {
  const { engine, problems } = snapshot;
  if (engine.error !== undefined || problems.some(({ severity }) => severity === 'error')) return 'bad';
  if (desertedServices(problems).length > 0) return 'bad';
  return isServing(snapshot) && problems.every(({ severity }) => severity === 'notice') ? 'good' : 'care';
}

export function moodOfReplica({ inRotation, rank }: ReplicaStatus): Mood {
  if (inRotation) return rank === 'ready' ? 'good' : 'care';
  return rank === 'unhealthy' ? 'bad' : 'care';
}

/** @param published the generation that the frontend should serve */
export function moodOfFrontend(frontend: FrontendStatus, published: string | undefined): Mood {
  // The meet-gen of that node knows more.
  if (frontend.elsewhere === true) return frontend.inRotation ? 'good' : 'care';
  if (frontend.state !== 'running' || frontend.phase === 'rejected') return 'bad';
  return isProven(frontend, published) ? 'good' : 'care';
}
