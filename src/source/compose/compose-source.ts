import type { Container, NetworkAttachment } from '../../model/container.ts';
import { compareText, showForeignText } from '../../model/foreign-text.ts';
import { boundLabels, tooManyLabels } from '../../model/label-limits.ts';
import { roles } from '../../model/label-table.ts';
import { isMeantForMeetGen, readLabels } from '../../model/labels.ts';
import { composeProjectLabel, composeServiceLabel } from '../../model/member.ts';
import { problem } from '../../model/problem.ts';
import type { Problem } from '../../model/problem.ts';
import { ComposeError } from './compose-error.ts';
import type { ComposeProject, ComposeService } from './resolved-project.ts';
import { defined } from '../../util/defined.ts';

/** The containers that `docker compose up` would start. */
export interface ComposeWorld {
  readonly containers: readonly Container[];
  /** What each placeholder address stands for, a line each. */
  readonly legend: readonly string[];
  /** Services that are labelled but don't opt in, and what an engine alone can tell. */
  readonly problems: readonly Problem[];
}

/** TEST-NET-1 (RFC 5737): addresses that nobody has. */
const placeholderNetwork = '192.0.2.';
const maxPlaceholders = 254;
/** For what the image of a service exposes. */
const placeholderPort = 80;
const ofService = 'service:';
/** The engine's own, which `network_mode: bridge` means. */
const defaultBridge = 'bridge';

/** A service with the one whose network it uses: its own, unless `network_mode: service:x` says otherwise; none where that is not there. */
interface Placed {
  readonly service: ComposeService;
  readonly owner: ComposeService | undefined;
}

/**
 * Reads a project as if all its containers ran. Each service with `meet.role` has one placeholder address, in the order of names: its
 * replicas have the same labels, so one container stands for all of them.
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
  while (owner?.networkMode.startsWith(ofService) === true && !seen.has(owner)) {
    seen.add(owner);
    owner = byName.get(owner.networkMode.slice(ofService.length));
  }
  const isThere = owner !== undefined && owner.replicas > 0 && !owner.networkMode.startsWith(ofService);
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
    networkMode: owner === service ? '' : service.networkMode.replace(ofService, 'container:'),
    networks: names.map((name): NetworkAttachment => ({ name, ipv4: address, ipv4PrefixLength: 24 })),
    endpointIds: [],
    exposedTcpPorts: service.tcpPorts,
  };
}

/** Where an engine alone knows the address, it is taken for one on every network, so that nothing is said to be out of reach. */
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

/** What the image of a container exposes is not in the project. */
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
  const service = `the service ${showForeignText(name)}`;
  if (replicas === 0) return `nothing stands for ${service}: it has no replicas`;
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
      message: 'the service has a label for meet-gen, but no meet.role, so it is ignored',
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
      message: "the address can't be told without an engine, nor whether the frontends reach it; the placeholder stands for it",
      cure: 'once it runs, meet-gen render without --compose shows it, and meet-gen doctor checks it',
    }),
  ];
}

function unknownPort({ name }: ComposeService): Problem {
  return problem('needs-engine', {
    container: name,
    key: 'meet.port',
    message: `the project has no TCP port of the service, and what its image exposes can't be told without an engine; ${placeholderPort} stands for it`,
    cure: 'set meet.port to the port that it listens on',
  });
}
