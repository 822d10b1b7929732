import type { Problem } from '../model/problem.ts';
import { roughly } from './duration.ts';
import { unreadyServices } from './readiness.ts';
import { sourceWords } from './source-words.ts';
import type { FrontendStatus, InstanceStatus, ReplicaStatus, StatusSnapshot } from './snapshot.ts';

/** The state of all instances in one sentence. */
export function headlineOf({ ready, converged, engine, instances, problems }: StatusSnapshot): string {
  if (engine.error !== undefined)
    return `${sourceWords(engine.source).isLost}, so changes are not seen; the last published file is still served`;
  if (!ready) return 'no file is published yet, or the last look is too old';
  if (instances.length === 0) return 'no container has the label meet.role';
  const troubles = problems.filter(({ severity }) => severity !== 'notice');
  if (!converged) return `not everything that labels ask for is live${andProblems(troubles.length)}`;
  const deserted = desertedServices(problems);
  if (deserted.length === 0) return `${readinessOf(instances)}${andProblems(troubles.length)}`;
  return `no replica is in rotation for ${deserted.join(', ')}, so its routes answer 503${andProblems(troubles.length - deserted.length)}`;
}

function readinessOf(instances: readonly InstanceStatus[]): string {
  const unready = unreadyServices(instances);
  if (unready.length === 0) return 'all routes are live';
  return `the file is live, but ${unready.map(({ service, reason }) => `${service} is not ready (${reason})`).join(', ')}`;
}

/** Whether visitors get answers: all routes are live, and each service has a ready replica. */
export function isServing({ converged, instances, problems }: StatusSnapshot): boolean {
  return converged && desertedServices(problems).length === 0 && unreadyServices(instances).length === 0;
}

function andProblems(count: number): string {
  if (count === 0) return '';
  return count === 1 ? ', and there is a problem' : `, and there are ${count} problems`;
}

/** The services without a replica in rotation, whose routes answer 503. @param instance limits them to one instance */
export function desertedServices(problems: readonly Problem[], instance?: string): readonly string[] {
  const found = problems.filter((item) => item.code === 'nobody-in-rotation' && (instance === undefined || item.instance === instance));
  return found.flatMap(({ value }) => value ?? []);
}

function frontendsHere({ frontends }: InstanceStatus): readonly FrontendStatus[] {
  return frontends.filter(({ elsewhere }) => elsewhere !== true);
}

/** Whether all frontends are proven to serve the published file, even if it isn't the wanted one. */
export function isServed(instance: InstanceStatus): boolean {
  const { publishedGeneration } = instance;
  const frontends = frontendsHere(instance);
  return frontends.length > 0 && frontends.every((frontend) => isProven(frontend, publishedGeneration));
}

/** Whether the frontend is live with the published file. */
export function isProven({ phase, runningGeneration }: FrontendStatus, published: string | undefined): boolean {
  return phase === 'live' && runningGeneration === published;
}

/** Why the wanted routes aren't published yet. */
export const askedFirst = 'nginx is testing it first';

/** The state of an instance in one sentence. */
export function stateOf(instance: InstanceStatus): string {
  const { desiredGeneration, publishedGeneration, onTrial } = instance;
  if (instance.frontends.length === 0) return 'no frontend serves it';
  const frontends = frontendsHere(instance);
  if (frontends.length === 0) return 'no frontend on this node';
  if (publishedGeneration === undefined) return `no file is published yet${onTrial === true ? `, ${askedFirst}` : ''}`;
  if (desiredGeneration !== publishedGeneration)
    return onTrial === true
      ? `not everything that labels ask for is published yet, ${askedFirst}`
      : 'some routes that labels ask for are left out (see the problems)';
  const behind = frontends.filter((frontend) => !isProven(frontend, publishedGeneration));
  if (behind.length === 0) return 'live';
  return `published, but not proven to be served by ${behind.map(({ container }) => container).join(', ')}`;
}

/** The file that a frontend serves, in words. */
export function servesOf(frontend: FrontendStatus, published?: string): string {
  const { state, phase, runningGeneration, nginxVersion, proofReason } = frontend;
  if (frontend.elsewhere === true) return 'on another node: its own meet-gen proves it';
  if (state !== 'running') return 'serves nothing';
  const nginx = nginxVersion === undefined ? '' : `, nginx ${nginxVersion}`;
  const why = proofReason === undefined || phase === 'live' ? '' : `: ${proofReason}`;
  if (runningGeneration === undefined) return `serves an unknown file${why}`;
  if (runningGeneration === 'none') return `serves no routes yet (${phase ?? 'not asked'})${nginx}${why}`;
  return `serves ${runningGeneration === published ? 'the published file' : 'an older file'} (${phase ?? 'not asked'})${nginx}${why}`;
}

/** The address of a container, in words. */
export function placeOf({ endpoint, network }: ReplicaStatus): string {
  return endpoint === undefined ? 'no address' : `${endpoint} on ${network ?? '?'}`;
}

/** The container's state, and the reason for its place in or out of the rotation, without repetition. */
export function whyOf({ state, reason }: ReplicaStatus): string {
  return reason.startsWith(state) ? reason : `${state}: ${reason}`;
}

/** Roughly how long the container has had this state; empty if unknown. */
export function howLong(since: string | undefined, nowMs: number): string {
  if (since === undefined) return '';
  return `, for ${roughly(nowMs - Date.parse(since)) ?? 'less than a minute'}`;
}
