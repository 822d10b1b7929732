import { parseNginxVersion } from '../nginx/version.ts';
import type { NginxVersion } from '../nginx/version.ts';
import { startFrontendProver } from './frontend-prover.ts';
import type { Frontend, FrontendProver, ProverPorts } from './frontend-prover.ts';
import type { ImageVersions } from './image-versions.ts';
import { isShadowed, isUnheeded, phaseOf } from './proof.ts';
import type { Proof, ProofOptions, ProofPhase, Target } from './proof.ts';

/** A frontend and how far it is, for reports. */
export interface FrontendReport {
  readonly frontend: Frontend;
  readonly phase: ProofPhase;
  /** It was told three times, goes on with another configuration, and can't be asked why. */
  readonly isUnheeded: boolean;
  /** Visitors get something else than the published file, though its nginx has it, and it was looked who answers. */
  readonly isShadowed: boolean;
  readonly proof: Proof;
}

/** Brings all frontends of all instances to what was published for them, in parallel, and knows how far each is. */
export interface Prover {
  /**
   * The frontends of an instance as they are now: looks after those that run, and tells the nginx version of each,
   * undefined where it isn't known. One that nobody has met is asked for a moment first.
   */
  versions(instance: string, frontends: readonly Frontend[], signal: AbortSignal): Promise<readonly (NginxVersion | undefined)[]>;
  aim(instance: string, target: Target): void;
  /** There is nothing to be served for an instance any more. */
  disarm(instance: string): void;
  /** The container started or ended: what it serves is not known any more. */
  restarted(containerId: string): void;
  recheckAll(): void;
  /** Ends the proofs of all instances but these. */
  retain(instances: ReadonlySet<string>): void;
  report(instance: string): readonly FrontendReport[];
  stop(): void;
}

/** How long the first pass waits for a frontend that has just started to tell its nginx version. */
const firstAnswerMs = 500;
const firstAskMs = 150;
const firstAnswerPollMs = 20;
/** Of more images than that the oldest are forgotten, and waited for again. */
const rememberedSilentImages = 100;

interface Entry {
  readonly instance: string;
  readonly prover: FrontendProver;
  readonly abort: AbortController;
}

/**
 * @param images the versions that frontends told before
 * @param targetOf what is published for an instance
 * @param onChange a frontend moved from one phase to another, or told another nginx version
 */
export function createProver(
  ports: ProverPorts,
  images: ImageVersions,
  targetOf: (instance: string) => Target | undefined,
  options: ProofOptions,
  onChange: (instance: string, versionChanged: boolean) => void,
): Prover {
  const entries = new Map<string, Entry>();
  // Waited for once: a neighbour that never answers must not delay every pass.
  const silentImages = new Set<string>();

  const waitNoMoreFor = (imageId: string): void => {
    silentImages.add(imageId);
    for (const id of [...silentImages].slice(0, -rememberedSilentImages)) silentImages.delete(id);
  };

  const describe = (frontend: Frontend, proof: Proof, nowMs: number): FrontendReport => ({
    frontend,
    phase: phaseOf(proof, nowMs, options),
    isUnheeded: isUnheeded(proof, nowMs, options),
    isShadowed: isShadowed(proof, options) && proof.missed?.rival !== undefined,
    proof,
  });

  const start = (instance: string, frontend: Frontend): Entry => {
    const abort = new AbortController();
    let told = '';
    let toldVersion = images.of(frontend.imageId);
    const hear = (proof: Proof): void => {
      const { phase, isUnheeded: unheeded, isShadowed: shadowed } = describe(frontend, proof, ports.nowMs());
      const version = proof.nginxVersion ?? toldVersion;
      const telling = [phase, proof.target?.generation, unheeded, shadowed, proof.missed?.rival].join();
      if (telling === told && version === toldVersion) return;
      // A stranger's image may be the same, and its answer a lie.
      if (version !== undefined && !frontend.isForeign) images.note(frontend.imageId, version);
      onChange(instance, version !== toldVersion);
      told = telling;
      toldVersion = version;
    };
    const entry = { instance, prover: startFrontendProver(frontend, ports, options, hear, abort.signal), abort };
    entries.set(frontend.id, entry);
    const target = targetOf(instance);
    if (target !== undefined) entry.prover.aim(target);
    return entry;
  };

  const end = (id: string, entry: Entry): void => {
    entry.abort.abort();
    entries.delete(id);
  };

  const versionOf = (frontend: Frontend): NginxVersion | undefined => {
    const known = entries.get(frontend.id)?.prover.proof().nginxVersion ?? images.of(frontend.imageId);
    return known === undefined ? undefined : parseNginxVersion(known);
  };

  /** A frontend whose version nobody knows yet is asked for a moment, so that the first file is already the right one. */
  const learnVersion = async (frontend: Frontend, signal: AbortSignal): Promise<void> => {
    if (frontend.isForeign) return;
    if (entries.has(frontend.id) || images.of(frontend.imageId) !== undefined || silentImages.has(frontend.imageId)) return;
    const untilMs = ports.nowMs() + firstAnswerMs;
    while (!signal.aborted && ports.nowMs() < untilMs) {
      const answer = await ports.ask(frontend.statusEndpoints, firstAskMs, signal);
      if (answer.kind === 'generation') images.note(frontend.imageId, answer.nginxVersion);
      if (answer.kind !== 'silent') return;
      await new Promise((resolve) => setTimeout(resolve, firstAnswerPollMs));
    }
    waitNoMoreFor(frontend.imageId);
  };

  return {
    async versions(instance, frontends, signal) {
      const running = frontends.filter((frontend) => frontend.running);
      const present = new Set(running.map((frontend) => frontend.id));
      for (const [id, entry] of entries) if (entry.instance === instance && !present.has(id)) end(id, entry);
      await Promise.all(running.map((frontend) => learnVersion(frontend, signal)));
      // A pass that was under way when all was stopped would start a proof that nobody ends.
      if (signal.aborted) return frontends.map(versionOf);
      for (const frontend of running) (entries.get(frontend.id) ?? start(instance, frontend)).prover.meet(frontend);
      return frontends.map(versionOf);
    },
    aim(instance, target) {
      for (const entry of entries.values()) if (entry.instance === instance) entry.prover.aim(target);
    },
    disarm(instance) {
      for (const entry of entries.values()) if (entry.instance === instance) entry.prover.disarm();
    },
    retain(instances) {
      for (const [id, entry] of entries) if (!instances.has(entry.instance)) end(id, entry);
    },
    restarted(containerId) {
      const entry = entries.get(containerId);
      if (entry !== undefined) end(containerId, entry);
    },
    recheckAll() {
      for (const entry of entries.values()) entry.prover.recheck();
    },
    report(instance) {
      const nowMs = ports.nowMs();
      return [...entries.values()]
        .filter((entry) => entry.instance === instance)
        .map(({ prover }) => describe(prover.frontend(), prover.proof(), nowMs));
    },
    stop() {
      for (const [id, entry] of entries) end(id, entry);
    },
  };
}
