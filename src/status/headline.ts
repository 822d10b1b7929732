import type { Problem } from '../model/problem.ts';
import { roughly } from './duration.ts';
import { unreadyServices } from './readiness.ts';
import type { FrontendStatus, InstanceStatus, ReplicaStatus, StatusSnapshot } from './snapshot.ts';

/** How it is as a whole, in a sentence. */
export function headlineOf({ ready, converged, engine, instances, problems }: StatusSnapshot): string {
  if (!engine.connected && engine.error !== undefined)
    return `the engine can't be reached, so changes are not seen; what was published last goes on being served`;
  if (!ready) return 'nothing has been published yet, or what is known is too old';
  if (instances.length === 0) return 'no container with meet.role has been found';
  const troubles = problems.filter(({ severity }) => severity !== 'notice');
  if (!converged) return `not all that labels ask for is live${andProblems(troubles.length)}`;
  const deserted = desertedServices(problems);
  if (deserted.length === 0) return `${readinessOf(instances)}${andProblems(troubles.length)}`;
  return `nobody is in rotation for ${deserted.join(', ')}, so 503 is answered there${andProblems(troubles.length - deserted.length)}`;
}

function readinessOf(instances: readonly InstanceStatus[]): string {
  const unready = unreadyServices(instances);
  if (unready.length === 0) return 'all routes are live';
  return `the file is live, but ${unready.map(({ service, reason }) => `${service} is not ready (${reason})`).join(', ')}`;
}

/** Whether visitors get answers: all is live, and every service has somebody who can answer. */
export function isServing({ converged, instances, problems }: StatusSnapshot): boolean {
  return converged && desertedServices(problems).length === 0 && unreadyServices(instances).length === 0;
}

function andProblems(count: number): string {
  if (count === 0) return '';
  return count === 1 ? ', and there is a problem' : `, and there are ${count} problems`;
}

/** The services whose requests get 503, since nobody is in rotation; of one instance alone where that is named. */
export function desertedServices(problems: readonly Problem[], instance?: string): readonly string[] {
  const found = problems.filter((item) => item.code === 'nobody-in-rotation' && (instance === undefined || item.instance === instance));
  return found.flatMap(({ value }) => value ?? []);
}

/** All its frontends are proven to serve what is published, whether that is all that labels ask for or not. */
export function isServed({ frontends, publishedGeneration }: InstanceStatus): boolean {
  return frontends.length > 0 && frontends.every((frontend) => isProven(frontend, publishedGeneration));
}

/** It is proven to serve what is published, and nothing else. */
export function isProven({ phase, runningGeneration }: FrontendStatus, published: string | undefined): boolean {
  return phase === 'live' && runningGeneration === published;
}

/** Why what labels ask for is not published, while that is not known yet. */
export const askedFirst = 'nginx is being asked first whether it takes it';

/** How far an instance is, in a sentence. */
export function stateOf(instance: InstanceStatus): string {
  const { frontends, desiredGeneration, publishedGeneration, onTrial } = instance;
  if (frontends.length === 0) return 'no frontend serves it';
  if (publishedGeneration === undefined) return `nothing is published for it yet${onTrial === true ? `, ${askedFirst}` : ''}`;
  if (desiredGeneration !== publishedGeneration)
    return onTrial === true
      ? `not all that labels ask for is published yet, ${askedFirst}`
      : 'a part of what labels ask for is left out (the problems say why)';
  const behind = frontends.filter((frontend) => !isProven(frontend, publishedGeneration));
  if (behind.length === 0) return 'live';
  return `published, and not proven to be served by ${behind.map(({ container }) => container).join(', ')}`;
}

/** What a frontend serves, in words. */
export function servesOf({ state, phase, runningGeneration, nginxVersion, proofReason }: FrontendStatus, published?: string): string {
  if (state !== 'running') return 'serves nothing';
  const nginx = nginxVersion === undefined ? '' : `, nginx ${nginxVersion}`;
  const why = proofReason === undefined || phase === 'live' ? '' : `: ${proofReason}`;
  if (runningGeneration === undefined) return `it is not known what it serves${why}`;
  if (runningGeneration === 'none') return `serves no routes yet (${phase ?? 'not asked'})${nginx}${why}`;
  return `serves ${runningGeneration === published ? 'what is published' : 'an older file'} (${phase ?? 'not asked'})${nginx}${why}`;
}

/** Where a container is reached, in words. */
export function placeOf({ endpoint, network }: ReplicaStatus): string {
  return endpoint === undefined ? 'no address' : `${endpoint} on ${network ?? '?'}`;
}

/** The state and why it is in rotation or not, without saying the same twice. */
export function whyOf({ state, reason }: ReplicaStatus): string {
  return reason.startsWith(state) ? reason : `${state}: ${reason}`;
}

/** For how long it is so, roughly; empty where that isn't known. */
export function howLong(since: string | undefined, nowMs: number): string {
  if (since === undefined) return '';
  return `, for ${roughly(nowMs - Date.parse(since)) ?? 'less than a minute'}`;
}
