import type { Container } from '../model/container.ts';
import { isMeantForUs } from '../model/labels.ts';
import { composeProjectLabel, isComposeOneOff, likelyInstance } from '../model/member.ts';
import type { ListedContainer } from './facts.ts';
import { partOf } from './part.ts';

/**
 * The containers that matter: those with a label of ours (or nearly one), those of Meet's images, all others of their compose
 * projects, and whatever is an nginx-proxy, wherever it is.
 * @param only the instance that is looked at alone
 */
export function choosePatients(listed: readonly ListedContainer[], only: string | undefined): readonly ListedContainer[] {
  const members = listed.filter((one) => isOfMeet(one) && (only === undefined || likelyInstance(one.container) === only));
  const projects = new Set(members.flatMap(({ container }) => projectOf(container) ?? []));
  return listed.filter((one) => {
    if (members.includes(one)) return true;
    const part = partOf(one);
    if (part === 'outer-proxy' || part === 'acme-companion') return true;
    const project = projectOf(one.container);
    return project !== undefined && projects.has(project) && !isComposeOneOff(one.container);
  });
}

function isOfMeet(one: ListedContainer): boolean {
  if (isComposeOneOff(one.container)) return false;
  const part = partOf(one);
  return part === 'frontend' || part === 'backend' || Object.keys(one.container.labels).some(isMeantForUs);
}

export function projectOf({ labels }: Pick<Container, 'labels'>): string | undefined {
  return labels[composeProjectLabel] ?? labels['com.docker.stack.namespace'];
}
