import { chooseSubjects, isElsewhere } from '../facts/choose.ts';
import { known, unknown } from '../facts/facts.ts';
import type {
  BackendFacts,
  Facts,
  FrontendFacts,
  Inspection,
  Known,
  ListedContainer,
  NameFacts,
  Network,
  Ownership,
  Subject,
  StatusAnswer,
} from '../facts/facts.ts';
import { meetOf } from '../facts/meet-of.ts';
import { addressesOn, hostAddresses, usesHostNetwork } from '../../model/address.ts';
import type { Container } from '../../model/container.ts';
import { withOwnersNetworks } from '../../model/network-owner.ts';
import { browserHosts, calledNames, ofSameMeet, portsOf, publicHostsOf, publicNames, routingFrontends } from '../facts/meet.ts';
import { partOf } from '../facts/part.ts';
import { generationIn } from '../facts/stub.ts';
import { isIdleTask, serviceTextOf } from '../facts/swarm.ts';
import { portIn } from '../../model/endpoint.ts';
import { readInstances } from '../../model/read-instances.ts';
import type { Instance } from '../../model/instance.ts';
import { projectTextOf } from '../../model/member.ts';
import { parseProject } from '../../nginx/token.ts';
import type { PortTrial } from '../../model/port-trial.ts';
import { readConfD } from './conf-d.ts';
import { probePort } from './port-probe.ts';
import { selfTestCommand, selfTestLimitMs, readSelfTest } from './backend-self-test.ts';
import type { SelfTest } from './backend-self-test.ts';
import { askApi, isThisContainer, ownNetworks, resolveName, tryTls } from './requests.ts';
import { tryExtraHosts } from './extra-hosts.ts';
import { defined } from '../../util/defined.ts';
import { messageOf } from '../../util/error-message.ts';

/** The doctor's calls to the engine. A failed call has a message for people. */
interface Engine {
  /** Whether a signal ends every restart policy on this engine, after its first answer. No call. */
  signalEndsRestarts(): boolean;
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

interface CollectPorts {
  readonly engine: Engine;
  askStatus(endpoints: readonly string[], signal: AbortSignal): Promise<StatusAnswer>;
  /** Adds the exposed ports that the engine's list doesn't show. */
  addPorts(containers: readonly Container[], signal: AbortSignal): Promise<readonly Container[]>;
  /** Owner and mode of the engine's socket. */
  socketOwner(): Promise<Ownership>;
  nowMs(): number;
}

const apiPath = '/api/v1.0/config/';
const heartbeatPath = '/__heartbeat__';
const atOnce = 8;
const execLimitMs = 5000;
const usualPort = 8000;

/**
 * In: an engine, and access to networks. Out: `Facts`, in which every value may be unknown, with the reason. Lists and
 * inspects containers, reads files of frontends and proxies, and sends requests. Changes nothing.
 * @throws the error of the list, without which no check is possible
 */
export async function collectFacts(
  tools: CollectPorts,
  only: string | undefined,
  owners: ReadonlyMap<string, string> | undefined,
  signal: AbortSignal,
): Promise<Facts> {
  const { engine } = tools;
  // An image that compose built has its project's labels, so the doctor's own container would look like a part of the
  // Meet.
  const listed = (await listAsRouted(tools, signal)).filter(({ container }) => !isThisContainer(container.id) && !isIdleTask(container));
  const examined = await mapInBatches(chooseSubjects(listed, only), (one) => inspectSubject(engine, one, signal));
  const subjects = examined.filter((subject) => !isElsewhere(subject, only));
  const networks = await attempt(() => engine.networks(signal));
  const running = subjects.filter(({ container }) => container.state === 'running');
  const frontends = await mapInBatches(
    routingFrontends(subjects).filter((subject) => running.includes(subject)),
    async (subject): Promise<[string, FrontendFacts]> => [
      subject.container.id,
      await collectFrontendFacts(tools, subject, subjects, signal),
    ],
  );
  const proxyFiles = await mapInBatches(
    running.filter(({ part }) => part === 'outer-proxy'),
    async ({ container }): Promise<[string, Known<ReadonlyMap<string, string>>]> => [
      container.id,
      await readProxyFiles(engine, container.id, signal),
    ],
  );
  const staleMounts = await mapInBatches(running.filter(canGoStale), async ({ container }): Promise<[string, Known<readonly string[]>]> => [
    container.id,
    await findStaleMounts(engine, container, signal),
  ]);
  const labelled = listed.filter(({ container }) => container.labels['meet.role'] !== undefined);
  const { instances } = readInstances(
    { containers: labelled.map(({ container }) => container), notes: new Map() },
    { only, given: owners },
  );
  const ports = await tryPorts(instances, signal);
  const partial: Facts = {
    listed: labelled,
    subjects,
    networks,
    signalEndsRestarts: engine.signalEndsRestarts(),
    ...defined({ only, owners }),
    frontends: new Map(frontends),
    proxyFiles: new Map(proxyFiles),
    staleMounts: new Map(staleMounts),
    ports,
    socket: await attempt(() => tools.socketOwner()),
    backends: new Map(),
    names: new Map(),
    extraHosts: new Map(),
  };
  const backends = await mapInBatches(
    running.filter((subject) => subject.part === 'backend' && isOfOwner(subject, instances)),
    async (subject): Promise<[string, BackendFacts]> => [subject.container.id, await askBackend(engine, partial, subject, signal)],
  );
  const names = await mapInBatches(
    [...new Set([...publicNames(partial).keys(), ...browserHosts(partial)])],
    async (name): Promise<[string, NameFacts]> => [name, await lookUp(name, tools.nowMs(), signal)],
  );
  const extraHosts = await tryExtraHosts(subjects, networks, signal);
  return { ...partial, backends: new Map(backends), names: new Map(names), extraHosts };
}

/** Tries the port of each replica. */
async function tryPorts(instances: readonly Instance[], signal: AbortSignal): Promise<ReadonlyMap<string, PortTrial>> {
  const replicas = instances.flatMap(({ services, spa = [] }) => [...services.flatMap((service) => service.replicas), ...spa]);
  const own = ownNetworks();
  const tried = await mapInBatches(replicas, async ({ container, endpoint }): Promise<readonly [string, PortTrial][]> =>
    endpoint === undefined ? [] : [[container.id, { endpoint, answer: await probePort(endpoint, own, signal) }]],
  );
  return new Map(tried.flat());
}

/**
 * Whether a backend is in the project that owns its Meet: with a label, any container looks like a part of the Meet.
 */
function isOfOwner(subject: Subject, instances: readonly Instance[]): boolean {
  const instance = instances.find(({ name }) => name === meetOf(subject));
  if (instance === undefined) return true;
  if (instance.project === undefined) return instance.frontends.length === 0 || subject.project === undefined;
  return subject.project !== undefined && parseProject(subject.project) === instance.project;
}

/** Runs the self-test in a backend. If that fails, asks only for its heartbeat, from this process. */
async function askBackend(engine: Engine, facts: Facts, subject: Subject, signal: AbortSignal): Promise<BackendFacts> {
  const { container, inspection } = subject;
  const { endpoint } = facts.ports.get(container.id) ?? {};
  const allowed = inspection.known ? inspection.value.environment.DJANGO_ALLOWED_HOSTS?.value : undefined;
  const [host = 'localhost'] = [
    ...ofSameMeet(subject, routingFrontends(facts.subjects)).flatMap(publicHostsOf),
    ...(allowed ?? []).filter((name) => /^[a-z0-9]/.test(name)),
  ];
  const selfTest: SelfTest = {
    names: calledNames(facts, subject),
    namesPort: 443,
    nameSeconds: 5,
    heartbeatSeconds: 10,
    path: heartbeatPath,
    port: endpoint === undefined ? usualPort : portIn(endpoint),
    host,
  };
  // If inspect isn't allowed, running a command isn't either.
  const tested = inspection.known
    ? await attempt(async () => readSelfTest(await engine.exec(container, selfTestCommand(selfTest), selfTestLimitMs, signal), selfTest))
    : inspection;
  const inside = tested.known ? tested.value : { reach: tested };
  if (inside.heartbeat !== undefined && inside.heartbeat.kind !== 'refused') return { reach: inside.reach, heartbeat: inside.heartbeat };
  return { reach: inside.reach, heartbeat: await askApi(endpoint === undefined ? [] : [endpoint], heartbeatPath, host, signal) };
}

/**
 * Lists all containers like the sidecar: with the networks that they use, and exposed ports that the list doesn't show.
 */
async function listAsRouted({ engine, addPorts }: CollectPorts, signal: AbortSignal): Promise<readonly ListedContainer[]> {
  const listed = await engine.listAll(signal);
  const containers = await addPorts(withOwnersNetworks(listed.map(({ container }) => container)), signal);
  return listed.map((one, index) => ({ ...one, container: containers[index] ?? one.container }));
}

async function inspectSubject(engine: Engine, one: ListedContainer, signal: AbortSignal): Promise<Subject> {
  const { container, image } = one;
  const inspection = await attempt(() => engine.inspect(container.id, signal));
  const inspected = inspection.known ? inspection.value : undefined;
  const project = projectTextOf(container);
  const service = serviceTextOf(container);
  return {
    container,
    image,
    part: partOf(one, inspected?.environment, inspected?.program),
    ...defined({ project, service }),
    inspection,
  };
}

async function collectFrontendFacts(
  tools: CollectPorts,
  subject: Subject,
  subjects: readonly Subject[],
  signal: AbortSignal,
): Promise<FrontendFacts> {
  const { engine } = tools;
  const { id } = subject.container;
  const ports = portsOf(subject);
  const pid = subject.inspection.known ? subject.inspection.value.pid : undefined;
  const networks = ofSameMeet(subject, subjects).flatMap(({ container }) => container.networks);
  const addresses = usesHostNetwork(subject.container) ? hostAddresses(networks) : addressesOn(subject.container.networks);
  const endpointsOf = (port: number): readonly string[] => addresses.map((address) => `${address}:${port}`);
  const readPublished = (): Promise<Known<string | undefined>> =>
    attempt(async () => {
      const files = await engine.readFiles(id, '/etc/nginx/meet-routing', signal);
      return files.get('routing.conf') ?? files.get(`${meetOf(subject)}/routing.conf`);
    });
  const askStatus = (): Promise<StatusAnswer> => tools.askStatus(endpointsOf(ports.status), signal);
  const [confD, api, firstProcess] = await Promise.all([
    attempt(() => readConfD(engine, subject.container, signal)),
    askApi(endpointsOf(ports.listen), apiPath, publicHostsOf(subject)[0], signal),
    pid === undefined
      ? unknown('its first process is unknown')
      : attempt(async () => (await engine.processName(id, pid, signal)) ?? 'an unknown program'),
  ]);
  let [status, published] = [await askStatus(), await readPublished()];
  // A change between the two reads explains a difference, so both are read again.
  if (differsFromPublished(status, published)) [status, published] = [await askStatus(), await readPublished()];
  return { confD, published, status, api, firstProcess };
}

function differsFromPublished(status: StatusAnswer, published: Known<string | undefined>): boolean {
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

/** Whether a single file or a socket is mounted, which can be replaced on the host. */
function canGoStale({ inspection }: Subject): boolean {
  return (
    inspection.known && inspection.value.mounts.some(({ destination, source }) => destination.endsWith('.conf') || source.endsWith('.sock'))
  );
}

/**
 * Reads the container's mounts, in which the kernel marks a replaced file (proc_pid_mountinfo(5), root `//deleted`).
 */
function findStaleMounts(engine: Engine, container: Subject['container'], signal: AbortSignal): Promise<Known<readonly string[]>> {
  return attempt(async () => {
    const { code, output } = await engine.exec(container, ['cat', '/proc/self/mountinfo'], execLimitMs, signal);
    if (code !== 0) throw new Error('its mounts could not be read, since `cat` failed in it');
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

async function attempt<Value>(find: () => Promise<Value>): Promise<Known<Value>> {
  try {
    return known(await find());
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** Maps all items, a few at a time; the results keep the order. */
async function mapInBatches<From, To>(items: readonly From[], map: (item: From) => Promise<To>): Promise<readonly To[]> {
  const results: To[] = [];
  for (let from = 0; from < items.length; from += atOnce) results.push(...(await Promise.all(items.slice(from, from + atOnce).map(map))));
  return results;
}
