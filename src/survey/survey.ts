import { subnetMatch } from './subnet.ts';
import { choosePatients, isElsewhere } from '../doctor/choose.ts';
import { known, unknown } from '../doctor/facts.ts';
import type {
  Facts,
  FrontendFacts,
  Inspection,
  Known,
  ListedContainer,
  NameFacts,
  Network,
  Patient,
  Road,
  StatusAnswer,
} from '../doctor/facts.ts';
import { meetOf } from '../doctor/meet-of.ts';
import { ofSameMeet, portsOf, publicHostsOf, publicNames, roadKey, routingOnes } from '../doctor/meet.ts';
import { partOf } from '../doctor/part.ts';
import { generationIn } from '../doctor/stub.ts';
import { addressesOn, hostAddresses, usesHostNetwork } from '../model/address.ts';
import type { Container } from '../model/container.ts';
import { composeServiceLabel, projectTextOf } from '../model/member.ts';
import { withOwnersNetworks } from '../model/network-owner.ts';
import { askApi, isThisContainer, ownAddresses, resolveName, tryPort, tryTls } from './requests.ts';

/** What a survey reads from the engine; each call may fail, with words for people. */
interface Engine {
  listAll(signal: AbortSignal): Promise<readonly ListedContainer[]>;
  inspect(id: string, signal: AbortSignal): Promise<Inspection>;
  networks(signal: AbortSignal): Promise<readonly Network[]>;
  readFiles(id: string, folder: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  processName(id: string, pid: number, signal: AbortSignal): Promise<string | undefined>;
  exec(
    container: { readonly id: string; readonly name: string },
    command: readonly string[],
    limitMs: number,
    signal: AbortSignal,
  ): Promise<{ readonly code: number; readonly output: string }>;
}

interface SurveyTools {
  readonly engine: Engine;
  askStatus(endpoints: readonly string[], signal: AbortSignal): Promise<StatusAnswer>;
  /** Adds the ports that the engine's list doesn't show. */
  addPorts(containers: readonly Container[], signal: AbortSignal): Promise<readonly Container[]>;
  nowMs(): number;
}

const apiPath = '/api/v1.0/config/';
const atOnce = 8;
const execLimitMs = 5000;

/**
 * Gathers the facts: lists, inspects the containers that matter, looks into frontends and proxies, and makes real requests.
 * Nothing is changed. What can't be found out is unknown, with the reason.
 * @throws whatever the list throws: without it there is nothing to say
 */
export async function takeSurvey(tools: SurveyTools, only: string | undefined, signal: AbortSignal): Promise<Facts> {
  const { engine } = tools;
  // An image that compose built gives its project's labels to whoever runs it: the doctor itself would look like a part of the Meet.
  const listed = (await listAsRouted(tools, signal)).filter(({ container }) => !isThisContainer(container.id));
  const examined = await mapSome(choosePatients(listed, only), (one) => examinePatient(engine, one, signal));
  const patients = examined.filter((patient) => !isElsewhere(patient, only));
  const networks = await attempt(() => engine.networks(signal));
  const running = patients.filter(({ container }) => container.state === 'running');
  const frontends = await mapSome(
    routingOnes(patients).filter((patient) => running.includes(patient)),
    async (patient): Promise<[string, FrontendFacts]> => [patient.container.id, await lookInto(tools, patient, patients, signal)],
  );
  const proxyFiles = await mapSome(
    running.filter(({ part }) => part === 'outer-proxy'),
    async ({ container }): Promise<[string, Known<ReadonlyMap<string, string>>]> => [
      container.id,
      await readProxyFiles(engine, container.id, signal),
    ],
  );
  const staleMounts = await mapSome(
    running.filter(hasDelicateMount),
    async ({ container }): Promise<[string, Known<readonly string[]>]> => [container.id, await findStaleMounts(engine, container, signal)],
  );
  const soFar = { listed: listed.filter(({ container }) => container.labels['meet.role'] !== undefined), patients, networks };
  const facts = {
    ...soFar,
    ...(only === undefined ? {} : { only }),
    frontends: new Map(frontends),
    proxyFiles: new Map(proxyFiles),
    staleMounts: new Map(staleMounts),
  };
  const names = await mapSome(
    [...publicNames({ ...facts, names: new Map(), roads: new Map() }).keys()],
    async (name): Promise<[string, NameFacts]> => [name, await lookUp(name, tools.nowMs(), signal)],
  );
  const roads = await tryRoads(patients, networks, signal);
  return { ...facts, names: new Map(names), roads };
}

/** All containers as the sidecar sees them: with the networks that they really use, and the ports that no list shows. */
async function listAsRouted({ engine, addPorts }: SurveyTools, signal: AbortSignal): Promise<readonly ListedContainer[]> {
  const listed = await engine.listAll(signal);
  const containers = await addPorts(withOwnersNetworks(listed.map(({ container }) => container)), signal);
  return listed.map((one, index) => ({ ...one, container: containers[index] ?? one.container }));
}

async function examinePatient(engine: Engine, one: ListedContainer, signal: AbortSignal): Promise<Patient> {
  const { container, image } = one;
  const inspection = await attempt(() => engine.inspect(container.id, signal));
  const told = inspection.known ? inspection.value : undefined;
  const project = projectTextOf(container);
  const service = container.labels[composeServiceLabel];
  return {
    container,
    image,
    part: partOf(one, told?.environment, told?.program),
    ...(project === undefined ? {} : { project }),
    ...(service === undefined ? {} : { service }),
    inspection,
  };
}

async function lookInto(tools: SurveyTools, patient: Patient, patients: readonly Patient[], signal: AbortSignal): Promise<FrontendFacts> {
  const { engine } = tools;
  const { id } = patient.container;
  const ports = portsOf(patient);
  const pid = patient.inspection.known ? patient.inspection.value.pid : undefined;
  const networks = ofSameMeet(patient, patients).flatMap(({ container }) => container.networks);
  const addresses = usesHostNetwork(patient.container) ? hostAddresses(networks) : addressesOn(patient.container.networks);
  const endpointsOf = (port: number): readonly string[] => addresses.map((address) => `${address}:${port}`);
  const readPublished = (): Promise<Known<string | undefined>> =>
    attempt(async () => {
      const files = await engine.readFiles(id, '/etc/nginx/meet-routing', signal);
      return files.get('routing.conf') ?? files.get(`${meetOf(patient)}/routing.conf`);
    });
  const askStatus = (): Promise<StatusAnswer> => tools.askStatus(endpointsOf(ports.status), signal);
  const [confD, api, firstProcess] = await Promise.all([
    attempt(() => engine.readFiles(id, '/etc/nginx/conf.d', signal)),
    askApi(endpointsOf(ports.listen), apiPath, publicHostsOf(patient)[0], signal),
    pid === undefined
      ? unknown('its first process is not known')
      : attempt(async () => (await engine.processName(id, pid, signal)) ?? 'something else'),
  ]);
  let [status, published] = [await askStatus(), await readPublished()];
  // A change may have been under way between the two questions.
  if (differ(status, published)) [status, published] = [await askStatus(), await readPublished()];
  return { confD, published, status, api, firstProcess };
}

function differ(status: StatusAnswer, published: Known<string | undefined>): boolean {
  return status.kind === 'generation' && published.known && generationIn(published.value ?? '') !== status.generation;
}

function readProxyFiles(engine: Engine, id: string, signal: AbortSignal): Promise<Known<ReadonlyMap<string, string>>> {
  return attempt(async () => {
    const folders = ['/etc/nginx/vhost.d', '/etc/nginx/conf.d'];
    const found = await Promise.all(folders.map((folder) => engine.readFiles(id, folder, signal)));
    return new Map(
      found.flatMap((files, index) => [...files].map(([path, text]): [string, string] => [`${folders[index]}/${path}`, text])),
    );
  });
}

/** A single file, or a socket. */
function hasDelicateMount({ inspection }: Patient): boolean {
  return (
    inspection.known && inspection.value.mounts.some(({ destination, source }) => destination.endsWith('.conf') || source.endsWith('.sock'))
  );
}

/** The kernel tells in a container's own list of mounts what of it is no longer there (proc_pid_mountinfo(5), root `//deleted`). */
function findStaleMounts(engine: Engine, container: Patient['container'], signal: AbortSignal): Promise<Known<readonly string[]>> {
  return attempt(async () => {
    const { code, output } = await engine.exec(container, ['cat', '/proc/self/mountinfo'], execLimitMs, signal);
    if (code !== 0) throw new Error('there is no program in it that could tell about its mounts');
    return output
      .split('\n')
      .map((line) => line.split(' '))
      .filter((fields) => fields[3]?.endsWith('//deleted') === true)
      .flatMap((fields) => fields[4] ?? []);
  });
}

async function lookUp(name: string, nowMs: number, signal: AbortSignal): Promise<NameFacts> {
  const resolution = await resolveName(name, signal);
  const [address] = resolution.kind === 'addresses' ? resolution.addresses : [];
  return address === undefined ? { resolution } : { resolution, tls: await tryTls(name, address, nowMs, signal) };
}

/** Tries the places that backends are sent to by `extra_hosts`, from here: only a container on their network goes the same way. */
async function tryRoads(
  patients: readonly Patient[],
  networks: Known<readonly Network[]>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Known<Road>>> {
  const backends = patients.filter(({ part, container }) => part === 'backend' && container.state === 'running');
  const published = patients.some(
    ({ inspection }) => inspection.known && inspection.value.publishedPorts.some(({ hostPort }) => hostPort === 443),
  );
  const roads = new Map<string, Known<Road>>();
  for (const backend of backends) {
    for (const { name, address } of backend.inspection.known ? backend.inspection.value.extraHosts : []) {
      const key = roadKey(name, address);
      if (!roads.has(key)) roads.set(key, await tryRoad(backend, address, networks, published, signal));
    }
  }
  return roads;
}

async function tryRoad(
  backend: Patient,
  address: string,
  networks: Known<readonly Network[]>,
  published: boolean,
  signal: AbortSignal,
): Promise<Known<Road>> {
  const attachments = backend.container.networks;
  if (!attachments.some((network) => ownAddresses().some((own) => subnetMatch(network, own)))) {
    const [network] = attachments;
    return unknown(
      `the doctor is on no network of ${backend.container.name}; run it with --network ${JSON.stringify(network?.name ?? 'internal')}`,
    );
  }
  if (address !== 'host-gateway') return known(await tryPort(address, 443, signal));
  if (!published) return unknown('no container of this engine publishes port 443: TLS ends elsewhere');
  // What host-gateway stands for, unless the daemon was told otherwise (dockerd, host-gateway-ip).
  const bridge = networks.known ? networks.value.find(({ name }) => name === 'bridge')?.gateway : undefined;
  const gateway = bridge ?? attachments.flatMap(({ ipv4Gateway }) => ipv4Gateway ?? [])[0];
  return gateway === undefined ? unknown('the address of the host is not known') : known(await tryPort(gateway, 443, signal));
}

async function attempt<Value>(find: () => Promise<Value>): Promise<Known<Value>> {
  try {
    return known(await find());
  } catch (error) {
    return unknown(error instanceof Error ? error.message : String(error));
  }
}

/** A few at once, in order. */
async function mapSome<From, To>(items: readonly From[], map: (item: From) => Promise<To>): Promise<readonly To[]> {
  const results: To[] = [];
  for (let from = 0; from < items.length; from += atOnce) results.push(...(await Promise.all(items.slice(from, from + atOnce).map(map))));
  return results;
}
