import { compareText, showUntrustedText } from '../model/untrusted-text.ts';
import type { Facts, InstanceFacts } from './facts.ts';

/**
 * Chooses the instances to explain: the named instance, else the instances with the URL's host in `meet.host`. If there
 * is no such instance, the instances for any host; without a host all. The notes give the reason for an empty choice.
 */
export function chooseInstances(
  { instances }: Facts,
  host: string | undefined,
  name: string | undefined,
): { readonly instances: readonly InstanceFacts[]; readonly notes: readonly string[] } {
  if (instances.length === 0)
    return { instances: [], notes: ['there is no instance: meet-gen knows no container with a usable meet.role'] };
  if (name !== undefined) return chooseByName(instances, name, host);
  if (host === undefined) return { instances, notes: [] };
  const named = instances.filter((one) => hostsOf(one).some((pattern) => matches(pattern, host)));
  if (named.length > 0) return { instances: named, notes: [] };
  const open = instances.filter((one) => hostsOf(one).length === 0);
  const notes = [`no instance has the host ${showUntrustedText(host)} in its meet.host; ${describeHosts(instances)}`];
  return { instances: open, notes: open.length === instances.length ? [] : notes };
}

function chooseByName(instances: readonly InstanceFacts[], name: string, host: string | undefined): ReturnType<typeof chooseInstances> {
  const named = instances.filter(({ instance }) => instance.name === name);
  if (named.length > 0) return { instances: named, notes: named.flatMap((one) => noteForeignHost(one, host)) };
  const names = instances.map(({ instance }) => instance.name).toSorted(compareText);
  return { instances: [], notes: [`there is no instance ${name}; the instances are: ${names.join(', ')}`] };
}

/** The frontend accepts any host, but the outer proxy chooses by host. */
function noteForeignHost(one: InstanceFacts, host: string | undefined): readonly string[] {
  const own = hostsOf(one);
  if (host === undefined || own.length === 0 || own.some((pattern) => matches(pattern, host))) return [];
  const name = one.instance.name;
  return [`${name} has ${own.join(', ')} in its meet.host, not ${showUntrustedText(host)}: the outer proxy may not send that host to it`];
}

function hostsOf({ instance }: InstanceFacts): readonly string[] {
  return instance.frontendLabels.hosts ?? [];
}

/** As in nginx's server_name: `*.` stands for one label or more. */
function matches(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host.length >= pattern.length : pattern === host;
}

function describeHosts(instances: readonly InstanceFacts[]): string {
  return instances.map((one) => `${one.instance.name} has ${hostsOf(one).join(', ') || 'any'}`).join('; ');
}
