import { isMeantForMeetGen } from '../../model/labels.ts';
import { isComposeOneOff, likelyInstance, projectTextOf } from '../../model/member.ts';
import type { ListedContainer, Patient } from './facts.ts';
import { partOf } from './part.ts';
import type { Part } from './facts.ts';

/**
 * The containers that matter: those with a label of ours (or nearly one), those of Meet's images, all others of their compose
 * projects; of nginx-proxy, acme-companion and meet-gen also those of other projects that share a network with one of these, or, where
 * there is no nginx-proxy so near, any that there is: perhaps that is what is wrong.
 * @param only the instance that is looked at alone
 */
export function choosePatients(listed: readonly ListedContainer[], only: string | undefined): readonly ListedContainer[] {
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

/** What several Meets can have in common. */
const shared: ReadonlySet<Part> = new Set<Part>(['outer-proxy', 'acme-companion', 'meet-gen']);

/** A meet-gen that looks after another Meet than the one that is looked at alone. */
export function isElsewhere({ part, inspection }: Patient, only: string | undefined): boolean {
  const instance = inspection.known ? inspection.value.environment.MEET_GEN_INSTANCE?.value : undefined;
  return part === 'meet-gen' && only !== undefined && instance !== undefined && instance !== only;
}

function isOfMeet(one: ListedContainer): boolean {
  if (isComposeOneOff(one.container)) return false;
  const part = partOf(one);
  return part === 'frontend' || part === 'backend' || Object.keys(one.container.labels).some(isMeantForMeetGen);
}
