import { isMeantForMeetGen } from '../../model/labels.ts';
import { isComposeOneOff, likelyInstance, projectTextOf } from '../../model/member.ts';
import type { ListedContainer, Subject } from './facts.ts';
import { partOf } from './part.ts';
import type { Part } from './facts.ts';

/**
 * Chooses the containers to check. These have a label for meet-gen (or a similar label), an image of Meet, or a compose
 * project with such a container. An nginx-proxy, acme-companion or meet-gen of another project must share a network
 * with these. If no nginx-proxy does, every nginx-proxy is chosen, since the missing network can be the fault.
 * @param only the only instance to check
 */
export function chooseSubjects(listed: readonly ListedContainer[], only: string | undefined): readonly ListedContainer[] {
  const members = listed.filter((one) => isOfMeet(one) && (only === undefined || likelyInstance(one.container) === only));
  const projects = new Set(members.flatMap(({ container }) => projectTextOf(container) ?? []));
  const own = listed.filter(({ container }) => {
    const project = projectTextOf(container);
    return (
      members.some((member) => member.container === container) ||
      (project !== undefined && projects.has(project) && !isComposeOneOff(container))
    );
  });
  const networks = new Set(own.flatMap(({ container }) => container.networks.map(({ name }) => name)));
  const outside = listed.filter((one) => !own.includes(one) && shared.has(partOf(one)));
  const near = outside.filter(({ container }) => container.networks.some(({ name }) => networks.has(name)));
  const hasProxy = [...own, ...near].some((one) => partOf(one) === 'outer-proxy');
  const far = hasProxy ? [] : outside.filter((one) => !near.includes(one) && partOf(one) === 'outer-proxy');
  return [...own, ...near, ...far];
}

/** Parts that several Meets can share. */
const shared: ReadonlySet<Part> = new Set<Part>(['outer-proxy', 'acme-companion', 'meet-gen']);

/** Whether the subject is a meet-gen of another instance than `only`. */
export function isElsewhere({ part, inspection }: Subject, only: string | undefined): boolean {
  const instance = inspection.known ? inspection.value.environment.MEET_GEN_INSTANCE?.value : undefined;
  return part === 'meet-gen' && only !== undefined && instance !== undefined && instance !== only;
}

function isOfMeet(one: ListedContainer): boolean {
  if (isComposeOneOff(one.container)) return false;
  const part = partOf(one);
  return part === 'frontend' || part === 'backend' || Object.keys(one.container.labels).some(isMeantForMeetGen);
}
