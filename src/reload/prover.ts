import { parseNginxVersion } from '../nginx/version.ts';
import type { NginxVersion } from '../nginx/version.ts';
import { startFrontendProver } from './frontend-prover.ts';
import type { Frontend, FrontendProver, ProverPorts } from './frontend-prover.ts';
import type { ImageVersions } from './image-versions.ts';
import { isShadowed, ignoresReloads, phaseOf } from './proof-phase.ts';
import type { Proof, ProofOptions, Target } from './proof.ts';
import type { ProofPhase } from './proof-phase.ts';

/** How far a frontend is. */
export interface FrontendReport {
  readonly frontend: Frontend;
  readonly phase: ProofPhase;
  /** Three reloads had no effect, and nginx's reason can't be read. */
  readonly ignoresReloads: boolean;
  /** Visitors get another server's answers although nginx has the published file; the search for that server is over. */
  readonly isShadowed: boolean;
  readonly proof: Proof;
}

/** Brings the frontends of all instances to their published files, in parallel. */
export interface Prover {
  /**
   * Starts and ends proofs, so that exactly the running frontends of an instance have one.
   * @returns the nginx version of each frontend, undefined if unknown. An unknown image gets up to 500 ms to answer.
   */
  versions(instance: string, frontends: readonly Frontend[], signal: AbortSignal): Promise<readonly (NginxVersion | undefined)[]>;
  aim(instance: string, target: Target): void;
  /** Drops the target of an instance that has no published file. */
  disarm(instance: string): void;
  /** Forgets the proof of a container that started or ended. */
  restarted(containerId: string): void;
  recheckAll(): void;
  /** Ends the proofs of all other instances. */
  retain(instances: ReadonlySet<string>): void;
  report(instance: string): readonly FrontendReport[];
  stop(): void;
}

/** How long the first pass waits for the nginx version of a frontend that has just started. */
const firstAnswerMs = 500;
const firstAskMs = 150;
const firstAnswerPollMs = 20;
/** Beyond this limit the oldest images are dropped, and waited for again. */
const maxSilentImages = 100;

interface Entry {
  readonly instance: string;
  readonly prover: FrontendProver;
  readonly abort: AbortController;
}

interface Proofs {
  readonly ports: ProverPorts;
  readonly images: ImageVersions;
  readonly targetOf: (instance: string) => Target | undefined;
  readonly options: ProofOptions;
  readonly onChange: (instance: string, versionChanged: boolean) => void;
  /** By the container's id. */
  readonly entries: Map<string, Entry>;
  /** Images that gave no answer once: a silent neighbour must not delay every pass. */
  readonly silentImages: Set<string>;
}

/**
 * @param images known nginx versions
 * @param targetOf the published file of an instance
 * @param onChange called after a new phase, or another nginx version
 */
export function createProver(
  ports: ProverPorts,
  images: ImageVersions,
  targetOf: (instance: string) => Target | undefined,
  options: ProofOptions,
  onChange: (instance: string, versionChanged: boolean) => void,
): Prover {
  const proofs: Proofs = { ports, images, targetOf, options, onChange, entries: new Map(), silentImages: new Set() };
  const { entries } = proofs;
  const endWhere = (isOver: (entry: Entry, id: string) => boolean): void => {
    for (const [id, entry] of entries) {
      if (!isOver(entry, id)) continue;
      entry.abort.abort();
      entries.delete(id);
    }
  };
  const of = (instance: string): readonly Entry[] => [...entries.values()].filter((entry) => entry.instance === instance);
  return {
    async versions(instance, frontends, signal) {
      const running = frontends.filter((frontend) => frontend.running);
      const present = new Set(running.map((frontend) => frontend.id));
      endWhere((entry, id) => entry.instance === instance && !present.has(id));
      await Promise.all(running.map((frontend) => learnVersion(proofs, frontend, signal)));
      // After the stop, a late pass would start a proof that never ends.
      if (!signal.aborted)
        for (const frontend of running) (entries.get(frontend.id) ?? start(proofs, instance, frontend)).prover.update(frontend);
      return frontends.map((frontend) => versionOf(proofs, frontend));
    },
    aim(instance, target) {
      for (const { prover } of of(instance)) prover.aim(target);
    },
    disarm(instance) {
      for (const { prover } of of(instance)) prover.disarm();
    },
    retain: (instances) => endWhere(({ instance }) => !instances.has(instance)),
    restarted: (containerId) => endWhere((_, id) => id === containerId),
    recheckAll() {
      for (const { prover } of entries.values()) prover.recheck();
    },
    report(instance) {
      const nowMs = ports.nowMs();
      return of(instance).map(({ prover }) => describe(options, prover.frontend(), prover.proof(), nowMs));
    },
    stop: () => endWhere(() => true),
  };
}

function start(proofs: Proofs, instance: string, frontend: Frontend): Entry {
  const { ports, options, targetOf, entries } = proofs;
  const abort = new AbortController();
  const entry = {
    instance,
    prover: startFrontendProver(frontend, ports, options, reportChanges(proofs, instance, frontend), abort.signal),
    abort,
  };
  entries.set(frontend.id, entry);
  const target = targetOf(instance);
  if (target !== undefined) entry.prover.aim(target);
  return entry;
}

/** Passes on only the steps of a proof that change a report. */
function reportChanges({ ports, options, images, onChange }: Proofs, instance: string, frontend: Frontend): (proof: Proof) => void {
  let reported = '';
  let reportedVersion = images.of(frontend.imageId);
  return (proof) => {
    const { phase, ignoresReloads: ignored, isShadowed: shadowed } = describe(options, frontend, proof, ports.nowMs());
    const version = proof.nginxVersion ?? reportedVersion;
    const now = [phase, proof.target?.generation, ignored, shadowed, proof.mismatch?.rival].join();
    if (now === reported && version === reportedVersion) return;
    // Another project's frontend may run the same image, and lie about its version.
    if (version !== undefined && !frontend.isForeign) images.note(frontend.imageId, version);
    onChange(instance, version !== reportedVersion);
    reported = now;
    reportedVersion = version;
  };
}

function describe(options: ProofOptions, frontend: Frontend, proof: Proof, nowMs: number): FrontendReport {
  return {
    frontend,
    phase: phaseOf(proof, nowMs, options),
    ignoresReloads: ignoresReloads(proof, nowMs, options),
    isShadowed: isShadowed(proof, options) && proof.mismatch?.rival !== undefined,
    proof,
  };
}

function versionOf({ entries, images }: Proofs, frontend: Frontend): NginxVersion | undefined {
  const known = entries.get(frontend.id)?.prover.proof().nginxVersion ?? images.of(frontend.imageId);
  return known === undefined ? undefined : parseNginxVersion(known);
}

/** Waits for an unknown version, so that the first file already fits this nginx. */
async function learnVersion({ ports, images, entries, silentImages }: Proofs, frontend: Frontend, signal: AbortSignal): Promise<void> {
  const { id, imageId, isForeign, statusEndpoints } = frontend;
  if (isForeign || entries.has(id) || images.of(imageId) !== undefined || silentImages.has(imageId)) return;
  const untilMs = ports.nowMs() + firstAnswerMs;
  while (!signal.aborted && ports.nowMs() < untilMs) {
    const answer = await ports.ask(statusEndpoints, firstAskMs, signal);
    if (answer.kind === 'generation') images.note(imageId, answer.nginxVersion);
    if (answer.kind !== 'silent') return;
    await new Promise((resolve) => setTimeout(resolve, firstAnswerPollMs));
  }
  silentImages.add(imageId);
  for (const oldest of [...silentImages].slice(0, -maxSilentImages)) silentImages.delete(oldest);
}
