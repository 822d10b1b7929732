import type { Container, NetworkAttachment } from '../../model/container.ts';
import { compareText, showUntrustedText } from '../../model/untrusted-text.ts';
import { boundLabels, tooManyLabels } from '../../model/label-limits.ts';
import { roles } from '../../model/label-table.ts';
import { isMeantForMeetGen, readLabels } from '../../model/labels.ts';
import { composeProjectLabel, composeServiceLabel } from '../../model/member.ts';
import { problem } from '../../model/problem.ts';
import type { Problem } from '../../model/problem.ts';
import { ComposeError } from './compose-error.ts';
import type { ComposeProject, ComposeService } from './resolved-project.ts';
import { defined } from '../../util/defined.ts';

// In: a project that Compose resolved, without an engine. Out: the containers that `docker compose up` would start.

export interface ComposeWorld {
  readonly containers: readonly Container[];
  /** One line for each placeholder address: which service it stands for. */
  readonly legend: readonly string[];
  /** Services with labels for meet-gen but no role, and values that only an engine knows. */
  readonly problems: readonly Problem[];
}

/** TEST-NET-1 (RFC 5737): addresses for documentation, which no host has. */
const placeholderNetwork = '192.0.2.';
const maxPlaceholders = 254;
/** Stands for the port that the image of a service exposes. */
const placeholderPort = 80;
const servicePrefix = 'service:';
/** The engine's own network, which `network_mode: bridge` means. */
const defaultBridge = 'bridge';

interface Placed {
  readonly service: ComposeService;
  /** The service whose network it uses: itself, or x of `network_mode: service:x`. Undefined if x isn't started. */
  readonly owner: ComposeService | undefined;
}

/**
 * Reads a project as if all its containers ran. Each service with `meet.role` gets one placeholder address, in the
 * order of the names. One container stands for all replicas of a service, since they have the same labels.
 * @throws ComposeError
 */
export function readCompose(project: ComposeProject): ComposeWorld {
  const byName = new Map(project.services.map((service) => [service.name, service]));
  const withRole = project.services.filter(({ labels }) => labels['meet.role'] !== undefined);
  if (withRole.length > maxPlaceholders)
    throw new ComposeError(`the project has ${withRole.length} services with meet.role; at most ${maxPlaceholders} can be shown`);
  const labelled = withRole.map((service) => ({ service, owner: networkOwner(service, byName) }));
  const started = labelled.filter(({ service }) => service.replicas > 0);
  const owners = [...new Set(started.map(({ service, owner }) => owner ?? service))];
  const addresses = new Map(owners.map((owner, index) => [owner, `${placeholderNetwork}${index + 1}`]));
  const addressOf = ({ service, owner }: Placed): string => addresses.get(owner ?? service) ?? '';
  const read = started.map((placed) => {
    const container = containerOf(placed, project, addressOf(placed));
    return { placed, container, isPortUnknown: isPortUnknown(container) };
  });
  return {
    containers: read.map((one) => (one.isPortUnknown ? { ...one.container, exposedTcpPorts: [placeholderPort] } : one.container)),
    legend: labelled.map((placed) => legendLine(placed.service, addressOf(placed))),
    problems: [
      ...project.services.flatMap(noRole),
      ...started.flatMap(unknownAddress),
      ...read.flatMap((one) => (one.isPortUnknown ? [unknownPort(one.placed.service)] : [])),
    ],
  };
}

function networkOwner(service: ComposeService, byName: ReadonlyMap<string, ComposeService>): ComposeService | undefined {
  const seen = new Set<ComposeService>();
  let owner: ComposeService | undefined = service;
  while (owner?.networkMode.startsWith(servicePrefix) === true && !seen.has(owner)) {
    seen.add(owner);
    owner = byName.get(owner.networkMode.slice(servicePrefix.length));
  }
  const isThere = owner !== undefined && owner.replicas > 0 && !owner.networkMode.startsWith(servicePrefix);
  return isThere ? owner : undefined;
}

function containerOf({ service, owner }: Placed, project: ComposeProject, address: string): Container {
  const unreadable = tooManyLabels(service.labels);
  const names = owner === undefined ? [] : networksOf(owner, project);
  return {
    ...defined({ unreadable }),
    id: service.name,
    name: service.containerName ?? `${project.name}-${service.name}-1`,
    imageId: '',
    createdAtSeconds: 0,
    state: 'running',
    health: 'none',
    labels: boundLabels({ ...service.labels, [composeProjectLabel]: project.name, [composeServiceLabel]: service.name }),
    networkMode: owner === service ? '' : service.networkMode.replace(servicePrefix, 'container:'),
    networks: names.map((name): NetworkAttachment => ({ name, ipv4: address, ipv4PrefixLength: 24 })),
    endpointIds: [],
    exposedTcpPorts: service.tcpPorts,
  };
}

/** If only an engine knows the address, the service counts as being on every network, which avoids wrong problems. */
function networksOf(owner: ComposeService, project: ComposeProject): readonly string[] {
  const { networkMode: mode, networks } = owner;
  if (isAddressUnknown(owner)) return [...new Set([...project.networks, `${project.name}_default`, defaultBridge])];
  if (mode === '') return networks;
  if (mode === 'none') return [];
  return [mode === 'default' ? defaultBridge : mode];
}

function isAddressUnknown({ networkMode }: ComposeService): boolean {
  return networkMode === 'host' || networkMode.startsWith('container:');
}

/** Whether the port depends on the image: the project doesn't have the ports that an image exposes. */
function isPortUnknown(container: Container): boolean {
  const { role, labels } = readLabels(container);
  return (
    role === 'service' &&
    labels.port === undefined &&
    container.exposedTcpPorts.length === 0 &&
    labels.routes?.some(({ port }) => port !== undefined) !== true
  );
}

function legendLine({ name, replicas }: ComposeService, address: string): string {
  const service = `the service ${showUntrustedText(name)}`;
  if (replicas === 0) return `no address stands for ${service}: it has no replicas`;
  return `${address} stands for ${service}${replicas === 1 ? '' : `, ${replicas} replicas`}`;
}

function noRole({ name, labels }: ComposeService): readonly Problem[] {
  const key = labels['meet.role'] === undefined ? Object.keys(labels).toSorted(compareText).find(isMeantForMeetGen) : undefined;
  if (key === undefined) return [];
  return [
    problem('no-role', {
      container: name,
      key,
      value: labels[key],
      message: 'the service has a label for meet-gen, but no meet.role, so meet-gen ignores it',
      cure: `add meet.role: ${roles.join(', ')}`,
    }),
  ];
}

function unknownAddress({ service, owner }: Placed): readonly Problem[] {
  if (owner === undefined || !isAddressUnknown(owner)) return [];
  return [
    problem('needs-engine', {
      container: service.name,
      key: 'network_mode',
      value: owner.networkMode,
      message: 'only an engine knows the address and whether the frontends reach it; a placeholder stands for the address',
      cure: 'start the project; then meet-gen render without --compose shows the address, and meet-gen doctor checks it',
    }),
  ];
}

function unknownPort({ name }: ComposeService): Problem {
  return problem('needs-engine', {
    container: name,
    key: 'meet.port',
    message: `the project names no TCP port of the service, and only an engine knows the ports of its image; ${placeholderPort} stands for the port`,
    cure: 'set meet.port to the port that the service listens on',
  });
}
