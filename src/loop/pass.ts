import { frontendsHere } from '../model/in-rotation.ts';
import type { Observation } from '../model/container.ts';
import { readInstances } from '../model/read-instances.ts';
import type { Instance, Replica } from '../model/instance.ts';
import type { InstanceChoice } from '../model/read-instances.ts';
import { problem, sortProblems } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import type { Rendered } from '../render/generation.ts';
import { TemplateError } from '../render/template-error.ts';
import type { TemplateStore } from '../render/template-store.ts';
import type { PassMemory } from './pass-memory.ts';
import type { NginxVersion } from '../nginx/version.ts';
import type { Route } from '../routes/ownership.ts';
import { decideFrontendPorts } from '../routes/ports.ts';
import { statusAddresses } from '../routes/status-access.ts';
import type { RoutingPlan } from '../routes/plan.ts';
import type { RoutingView } from '../routes/view.ts';
import { editionOf } from '../rollout/edition.ts';
import type { Choice, Chosen } from '../rollout/trial-types.ts';
import { messageOf } from '../util/error-message.ts';

/** A frontend to reload and ask, as the sink sees it. */
interface PassFrontend {
  readonly id: string;
  /** Differs after most starts: Podman's list has addresses instead of ids. */
  readonly life: string;
  readonly name: string;
  readonly imageId: string;
  /** The frontend runs and isn't stopping, so it has to serve the published file. */
  readonly running: boolean;
  /** The frontend ended, and the engine will start the frontend again. */
  readonly restarting: boolean;
  readonly statusEndpoints: readonly string[];
  /**
   * The frontend belongs to another project than the instance. meet-gen proves that the frontend serves the file, but
   * ignores its refusals and nginx version.
   */
  readonly isForeign: boolean;
}

/** Turns plans into files. */
export interface Renderer {
  /** Chooses the revision to publish for a plan. @throws TemplateError when no template works for the plan */
  choose(plan: RoutingPlan, frontends: readonly PassFrontend[]): Choice;
  failure(): { readonly message: string } | undefined;
}

/** Takes the results of a pass: the file of each instance, and the proof that its frontends serve it. */
export interface Sink {
  /** Starts the proofs of running frontends. @returns the nginx version of each frontend, undefined if unknown */
  versions(instance: string, frontends: readonly PassFrontend[], signal: AbortSignal): Promise<readonly (NginxVersion | undefined)[]>;
  /** @throws Error when the file can't be written */
  publish(instance: string, chosen: Chosen, isRollback: boolean): Promise<Publication>;
  /** Removes a file that no nginx may start with. */
  withdraw(instance: string): Promise<void>;
  /** Runs the pass of one instance, and returns undefined after an error. Where `attempt` is absent, the error is thrown. */
  attempt?<Result>(instance: string, work: () => Promise<Result>): Promise<Result | undefined>;
}

/** The result of publishing a file. A file waits where nginx would be reloaded too often. */
type Publication = 'written' | 'unchanged' | { readonly throttledMs: number };

/** The decisions and results of a pass for one instance. */
export interface InstancePass {
  readonly instance: Instance;
  readonly view: RoutingView;
  /** The plan that labels ask for, also where nginx refuses it. */
  readonly wanted: Pick<RoutingPlan, 'view' | 'structure'>;
  readonly routes: readonly Route[];
  readonly rendered: Rendered;
  /** The generation that labels and templates ask for. Differs from the published one where nginx refuses it. */
  readonly desired: string;
  /** nginx is testing a candidate: the wanted plan may go live later. */
  readonly isOnTrial: boolean;
  readonly publication: Publication;
}

export interface PassResult {
  readonly instances: readonly Instance[];
  readonly passes: readonly InstancePass[];
  readonly problems: readonly Problem[];
  /** Milliseconds until a publication is due that the throttle delays. */
  readonly throttledMs?: number;
  /** At least one instance's pass ended with an error. */
  readonly hasFailed?: true;
}

/**
 * One pass with the templates as read: reads the instances, plans, renders, publishes. An error costs one instance only.
 * @param memory results of the pass before
 */
export async function runPass(
  observation: Observation,
  renderer: Renderer,
  sink: Sink,
  choice: InstanceChoice,
  memory: PassMemory,
  signal: AbortSignal,
): Promise<PassResult> {
  const { instances, problems: readProblems } = readInstances(observation, choice, memory.readings);
  const problems: Problem[] = [...readProblems];
  const served = instances.filter((instance) => instance.frontends.length > 0);
  const attempts = await Promise.all(
    served.map((instance) => {
      const work = async (): Promise<Attempt> => ({ pass: await passInstance(instance, renderer, sink, memory, problems, signal) });
      return sink.attempt === undefined ? work() : sink.attempt(instance.name, work);
    }),
  );
  const broken = renderer.failure();
  if (broken !== undefined) problems.push(templateBroken(broken.message));
  const passes = attempts.flatMap((attempt) => attempt?.pass ?? []);
  const throttledMs = passes.flatMap(({ publication }) => (typeof publication === 'object' ? publication.throttledMs : []));
  return {
    instances,
    passes,
    problems: sortProblems(problems),
    ...(throttledMs.length === 0 ? {} : { throttledMs: Math.min(...throttledMs) }),
    ...(attempts.includes(undefined) ? { hasFailed: true } : {}),
  };
}

interface Attempt {
  readonly pass: InstancePass | undefined;
}

async function passInstance(
  instance: Instance,
  renderer: Renderer,
  sink: Sink,
  memory: PassMemory,
  problems: Problem[],
  signal: AbortSignal,
): Promise<InstancePass | undefined> {
  const statusPort = decideFrontendPorts(instance).ports.status;
  const all = frontendsHere(instance).map((frontend) => frontendOf(instance, frontend, statusPort));
  const allVersions = await sink.versions(instance.name, all, signal);
  const frontends = all.filter(({ isForeign }) => !isForeign);
  const versions = decisiveVersions(
    frontends,
    allVersions.filter((_, index) => all[index]?.isForeign === false),
  );
  const plan = memory.plan(instance, versions);
  problems.push(...plan.problems);
  const choice = tryChoose(renderer, plan, frontends, problems);
  if (choice === undefined) return undefined;
  problems.push(...choice.problems);
  const { published: chosen, desired } = choice;
  try {
    if (choice.withdraw) await sink.withdraw(instance.name);
    if (chosen === undefined) return undefined;
    const publication = await sink.publish(instance.name, chosen, choice.isRollback);
    if (typeof publication === 'object') problems.push(reloadsThrottled(instance.name));
    const { rendered, view } = chosen;
    return { instance, view, wanted: plan, routes: plan.routes, rendered, desired, isOnTrial: choice.isOnTrial, publication };
  } catch (error) {
    problems.push(publishFailed(instance.name, error));
    return undefined;
  }
}

/** Renders each plan with the newest template. For a single pass without a rollout. */
export function withoutTrials(templates: TemplateStore): Renderer {
  return {
    choose({ view, structure }) {
      const rendered = templates.render(view);
      const edition = editionOf(rendered.templates.key, structure);
      return {
        published: { edition, rendered, view },
        desired: rendered.generation,
        isRollback: false,
        isOnTrial: false,
        withdraw: false,
        problems: [],
      };
    },
    failure: templates.failure,
  };
}

function tryChoose(renderer: Renderer, plan: RoutingPlan, frontends: readonly PassFrontend[], problems: Problem[]): Choice | undefined {
  try {
    return renderer.choose(plan, frontends);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const message = `no template works for this instance, so its published file stays unchanged and its addresses are not updated: ${error.message}`;
    problems.push(templateBroken(message, plan.structure.instance));
    return undefined;
  }
}

/**
 * The nginx versions that decide the syntax of the file: those of frontends that run or are in a restart loop. With a
 * newer syntax an older nginx could never leave the loop. Known versions of other frontends count too, so that a
 * frontend's restart changes nothing.
 */
function decisiveVersions(
  frontends: readonly PassFrontend[],
  versions: readonly (NginxVersion | undefined)[],
): readonly (NginxVersion | undefined)[] {
  const deciding = versions.filter(
    (version, index) => version !== undefined || frontends[index]?.running === true || frontends[index]?.restarting === true,
  );
  return deciding.length > 0 ? deciding : versions;
}

function frontendOf(instance: Instance, frontend: Replica, statusPort: number): PassFrontend {
  const { container, standing, project } = frontend;
  return {
    id: container.id,
    life: [container.id, ...container.endpointIds].join(' '),
    name: container.name,
    imageId: container.imageId,
    running: standing.rank !== 'never' && standing.rank !== 'stopping',
    restarting: container.state === 'restarting',
    statusEndpoints: statusAddresses(instance, frontend).map((address) => `${address}:${statusPort}`),
    isForeign: project !== instance.project,
  };
}

function templateBroken(message: string, instance?: string): Problem {
  return problem('template-broken', { instance, message, cure: 'fix that line; meet-gen reads the change automatically' });
}

function reloadsThrottled(instance: string): Problem {
  return problem('reloads-held-back', {
    instance,
    message: 'changes come so fast that nginx would be reloaded too often; added addresses are published in a few seconds',
    cure: 'no request is lost; find the container that starts and stops repeatedly',
  });
}

function publishFailed(instance: string, error: unknown): Problem {
  return problem('publish-failed', {
    instance,
    message: messageOf(error),
    cure: 'check that the output directory exists, is writable and has space; meet-gen tries again',
  });
}
