import type { ErrorBoundary } from '../util/error-boundary.ts';
import type { Drains } from './drain/drains.ts';
import type { Tally } from '../metrics/tally.ts';
import type { Owners } from './keep-owners.ts';
import type { SignalledFrontends } from './signalled-frontends.ts';
import type { OwnFiles } from '../publish/own-files.ts';
import type { Publisher } from '../publish/publisher.ts';
import type { VolumeLock } from '../publish/volume-lock.ts';
import type { ProverPorts } from '../reload/frontend-prover.ts';
import type { ImageVersions } from '../reload/image-versions.ts';
import type { Watchers } from '../server/watchers.ts';
import type { CandidateCheck } from '../rollout/candidate-check.ts';
import type { TrialFiles } from '../rollout/keep-trials.ts';
import type { KeptTrials } from '../rollout/trial-types.ts';

/** The parts of the sidecar, besides the engine and the templates. */
export interface SidecarParts {
  readonly prover: Omit<ProverPorts, 'repeat'>;
  readonly images: ImageVersions;
  /** Absent where nginx can't test a candidate before it is published. */
  readonly check: CandidateCheck | undefined;
  readonly publisher: Publisher;
  readonly ownFiles: Pick<OwnFiles, 'retry' | 'problems' | 'onChange'>;
  readonly drains: Drains;
  readonly owners: Owners;
  readonly signalled: SignalledFrontends;
  /** Files that keep the last good and the refused structures. */
  readonly trialFiles: TrialFiles;
  readonly kept: ReadonlyMap<string, KeptTrials>;
  readonly tally: Tally;
  readonly lock: Pick<VolumeLock, 'problems' | 'onChange'>;
  /** Listeners for changes of the snapshot. */
  readonly watchers: Watchers;
  readonly boundary: ErrorBoundary;
}
