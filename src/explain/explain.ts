/*
 * explain/: a path or URL and the facts about the instances go in. The answering service, its containers, and the
 * reasons for all others come out.
 */

import { frontendsHere } from '../model/in-rotation.ts';
import { showUntrustedText } from '../model/untrusted-text.ts';
import { plainFileUri } from '../routes/media.ts';
import type { LocationView } from '../routes/view.ts';
import { passedTo } from '../routes/pick-location.ts';
import { refusalOf } from '../routes/refused-path.ts';
import { readRequestPath } from '../nginx/request-path.ts';
import type { RequestPath } from '../nginx/request-path.ts';
import { chooseInstances } from './choose-instances.ts';
import { containersFor, frontendsAsSpa } from './containers.ts';
import type { AnswerKind, ContainerAnswer, Explanation, InstanceAnswer, LocationAnswer } from './explanation.ts';
import type { Facts, InstanceFacts, Routing } from './facts.ts';
import { hintsFor } from './hints.ts';
import { notesOn } from './notes.ts';
import { isLeftOut, pickOwned } from './owner.ts';
import type { OwnedPick } from './owner.ts';
import { problemsAbout } from './relevant-problems.ts';
import { readTarget } from './target.ts';
import { defined, mapDefined } from '../util/defined.ts';

const maxShownLength = 500;

/**
 * Explains which service answers a path or a URL, and why other containers don't, from the published file.
 * @param instance the only instance to explain; absent to choose by the URL's host
 * @throws OperatorError with the reason if the path is malformed
 */
export function explain(text: string, facts: Facts, instance?: string): Explanation {
  const { target, host } = readTarget(text);
  const request = readRequestPath(target);
  const chosen = chooseInstances(facts, host, instance);
  const instances = chosen.instances.map((one) => explainInstance(one, target, request, facts));
  return {
    target: showUntrustedText(target, maxShownLength),
    ...defined({ host: mapDefined(host, showUntrustedText) }),
    ...('path' in request ? { path: showUntrustedText(request.path, maxShownLength) } : {}),
    answered: instances.some(({ answer }) => answer === 'service' || answer === 'spa' || answer === 'redirect'),
    notes: [
      ...chosen.notes,
      ...(facts.ownTemplates
        ? ['the file comes from your own templates (--templates), which may print other locations than shown here']
        : []),
    ],
    instances,
  };
}

/** The answer of an instance, before details are added. */
interface Decision {
  readonly answer: AnswerKind;
  readonly summary: string;
  readonly pick?: OwnedPick;
  readonly containers: readonly ContainerAnswer[];
  /** The location answers 503 because nginx refuses it. */
  readonly isLeftOut?: true;
}

function explainInstance(one: InstanceFacts, target: string, request: RequestPath, facts: Facts): InstanceAnswer {
  const { instance, status, wanted } = one;
  const path = 'path' in request ? request.path : undefined;
  const decision = decide(one, target, request);
  const { pick } = decision;
  const asked = wanted === undefined || path === undefined ? undefined : pickOwned(wanted, path);
  const isOtherwiseWanted = asked !== undefined && pick !== undefined && !(isSamePick(asked, pick) && decision.isLeftOut !== true);
  const hasNoContainer = decision.answer === 'unavailable' && decision.containers.length === 0;
  const mayBeLost = decision.answer === 'spa' || hasNoContainer;
  return {
    instance: instance.name,
    answer: decision.answer,
    summary: decision.summary,
    ...defined({ file: status.file, generation: status.publishedGeneration }),
    ...defined({ location: mapDefined(pick?.location, describeLocation), service: pick?.owner }),
    containers: decision.containers,
    frontends: status.frontends.map((frontend) => ({
      ...frontend,
      servesPublished: frontend.runningGeneration !== undefined && frontend.runningGeneration === status.publishedGeneration,
    })),
    notes: notesOn(one, isOtherwiseWanted ? asked : undefined),
    hints: mayBeLost ? hintsFor(hasNoContainer ? undefined : path, one, facts) : [],
    problems: problemsAbout(instance, facts, {
      path: path ?? '',
      shown: new Set(decision.containers.map(({ container }) => container)),
      owner: pick?.owner,
      isOtherwiseWanted,
      mayBeLost,
    }),
  };
}

interface PublishedInstance {
  readonly instance: InstanceFacts['instance'];
  readonly published: Routing;
  readonly wanted: Routing | undefined;
}

function decide({ instance, published, wanted }: InstanceFacts, target: string, request: RequestPath): Decision {
  if (instance.frontends.length === 0) return unanswered('nothing', 'the instance has no frontend, so nothing serves its routes');
  if (frontendsHere(instance).length === 0) return unanswered('nothing', 'no frontend of the instance is on this node');
  if (published === undefined) return unanswered('nothing', 'no file is published for the instance, so its frontends have no routes');
  if (frontendsHere(instance).every(({ standing }) => standing.rank === 'never'))
    return unanswered(
      'nothing',
      `no frontend of the instance runs${frontendsHere(instance).length < instance.frontends.length ? ' on this node' : ''}`,
    );
  if (!('path' in request)) return unanswered('bad-request', `nginx answers 400: ${request.refused}`);
  return decideByFile({ instance, published, wanted }, target, request.path);
}

function unanswered(answer: AnswerKind, summary: string): Decision {
  return { answer, summary, containers: [] };
}

function decideByFile({ instance, published, wanted }: PublishedInstance, target: string, path: string): Decision {
  const pick = pickOwned(published, path);
  const { location, owner } = pick;
  if (owner === undefined) {
    const containers = frontendsAsSpa(instance, published.view);
    return published.view.spa.servers.length === 0
      ? {
          answer: 'unavailable',
          summary: 'the path belongs to the SPA, and no frontend behind the router is in rotation: 503',
          pick,
          containers,
        }
      : { answer: 'spa', summary: 'no service has this path: the SPA answers', pick, containers };
  }
  const upstreamName = location === undefined ? undefined : passedTo(location);
  const upstream = published.view.upstreams.find(({ name }) => name === upstreamName);
  const containers = containersFor(instance, owner, upstream, path);
  const refusal = location?.plainPathsOnly ? refusalOf(target) : undefined;
  if (refusal !== undefined) {
    const summary = `the path belongs to ${owner}, but contains ${refusal}, which could bypass a guard: 400`;
    return { answer: 'bad-request', summary, pick, containers };
  }
  if (pick.kind === 'redirect')
    return { answer: 'redirect', summary: `nginx redirects to the same path with a slash, which belongs to ${owner}`, pick, containers };
  if (location !== undefined && isLeftOut(location, published, wanted)) {
    const summary = `the path belongs to ${owner}, but its route is left out of the published file: 503`;
    return { answer: 'unavailable', summary, pick, containers, isLeftOut: true };
  }
  if (upstreamName === undefined)
    return {
      answer: 'unavailable',
      summary: `the path belongs to ${owner}, and none of its containers is in rotation: 503`,
      pick,
      containers,
    };
  if (location?.media !== undefined && !plainFileUri.test(target)) {
    const summary = `the path belongs to ${owner}, but is not a plain file name: nginx answers 404`;
    return { answer: 'not-found', summary, pick, containers };
  }
  const allow = location?.allow;
  if (allow?.length === 0)
    return { answer: 'forbidden', summary: `the path belongs to ${owner}, but is closed to all clients: 403`, pick, containers };
  const limit = allow === undefined ? '' : `, only to clients in ${allow.join(', ')}; others get 403`;
  return { answer: 'service', summary: `${owner} answers${limit}`, pick, containers };
}

function describeLocation(location: LocationView): LocationAnswer {
  const { kind, path, upstream: _, guarded: __, allow: ___, connections: ____, media, ...settings } = location;
  const files = media === undefined ? {} : { files: media.storagePath, signedFor: media.host, askedAt: media.authPath };
  return { kind, path, settings: { ...settings, ...files } };
}

/** The same location for the same service, with or without replicas. */
function isSamePick(left: OwnedPick, right: OwnedPick): boolean {
  return left.owner === right.owner && left.location?.kind === right.location?.kind && left.location?.path === right.location?.path;
}
