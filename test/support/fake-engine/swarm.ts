import { createHash } from 'node:crypto';
import type { FakeEvent, FakeFilters } from './event.ts';

/** A task as a test describes it. */
interface FakeTaskSpec {
  readonly service: string;
  /** Absent for a task of a global service. */
  readonly slot?: number;
  /** The id of its node. Default: `node-1`. */
  readonly node?: string;
  /** The address on the service's network. */
  readonly address: string;
  readonly state?: string;
  readonly desired?: string;
}

interface FakeServiceSpec {
  /** `deploy.labels`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Plain `labels:`, which each task gets in its own version. */
  readonly containerLabels?: Readonly<Record<string, string>>;
  /** The network of its tasks. Default: `meet_internal`. */
  readonly network?: string;
}

/** The store of a swarm's managers. Each change raises an object's version. */
export interface FakeSwarm {
  /** Creates or updates a service. Updates change no task. */
  service(name: string, spec: FakeServiceSpec): void;
  removeService(name: string): void;
  /** Sets `UpdateStatus.State`. */
  updateState(name: string, state: string): void;
  /** @returns the task's id */
  task(spec: FakeTaskSpec): string;
  change(taskId: string, change: { readonly state?: string; readonly desired?: string }): void;
  removeTask(taskId: string): void;
  /** An event of a node. */
  nodeEvent(): void;
  /** The answers of the API as JSON. */
  services(): string;
  tasks(): string;
  /** The same state, which the original's changes don't reach: a manager that stands still. */
  snapshot(): FakeSwarm;
  subscribe(listener: (event: FakeEvent) => void): () => void;
}

interface Stored<Spec> {
  readonly id: string;
  readonly version: number;
  readonly spec: Spec;
}
interface StoredService extends Stored<FakeServiceSpec> {
  readonly name: string;
  readonly updateState?: string;
}
interface StoredTask extends Stored<FakeTaskSpec> {
  readonly serviceId: string;
  readonly network: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** In every environment, argument and config of the fake: no answer of meet-gen's own may have it. */
const plantedSecret = 'hunter2-planted';

export function createFakeSwarm(
  services = new Map<string, StoredService>(),
  tasks = new Map<string, StoredTask>(),
  firstVersion = 10,
): FakeSwarm {
  const listeners = new Set<(event: FakeEvent) => void>();
  let version = firstVersion;
  const nextVersion = (): number => (version += 1);
  const announce = (type: 'service' | 'node', action: string, id: string, name: string): void => {
    const nowMs = Date.now();
    const event: FakeEvent = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: { name } },
      scope: 'swarm',
      time: Math.floor(nowMs / 1000),
      timeNano: nowMs * 1e6,
    };
    for (const listener of listeners) listener(event);
  };
  const serviceOf = (name: string): StoredService => {
    const found = services.get(name);
    if (found === undefined) throw new Error(`there is no service ${name}`);
    return found;
  };
  const taskOf = (id: string): StoredTask => {
    const found = tasks.get(id);
    if (found === undefined) throw new Error(`there is no task ${id}`);
    return found;
  };
  return {
    service(name, spec) {
      const action = services.has(name) ? 'update' : 'create';
      const id = services.get(name)?.id ?? swarmId(name);
      services.set(name, { id, version: nextVersion(), name, spec });
      announce('service', action, id, name);
    },
    removeService(name) {
      const { id } = serviceOf(name);
      services.delete(name);
      announce('service', 'remove', id, name);
    },
    updateState(name, state) {
      services.set(name, { ...serviceOf(name), version: nextVersion(), updateState: state });
      announce('service', 'update', serviceOf(name).id, name);
    },
    task(spec) {
      const now = nextVersion();
      const id = swarmId(`${spec.service} ${now}`);
      const { id: serviceId, spec: service } = serviceOf(spec.service);
      const [labels, network] = [service.containerLabels ?? {}, service.network ?? 'meet_internal'];
      tasks.set(id, { id, version: now, spec, serviceId, network, labels });
      return id;
    },
    change(taskId, change) {
      const before = taskOf(taskId);
      tasks.set(taskId, { ...before, version: nextVersion(), spec: { ...before.spec, ...change } });
    },
    removeTask(taskId) {
      taskOf(taskId);
      tasks.delete(taskId);
    },
    nodeEvent: () => announce('node', 'update', swarmId('node-1'), 'node-1'),
    services: () => JSON.stringify([...services.values()].map(serviceJson)),
    tasks: () => JSON.stringify([...tasks.values()].map(taskJson)),
    snapshot: () => createFakeSwarm(new Map(services), new Map(tasks), version),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Whether a swarm's event passes the filter by type. */
export function passesTypes(event: FakeEvent, filters: FakeFilters): boolean {
  return filters.get('type')?.includes(event.Type) ?? true;
}

/** 25 characters, like the managers' ids. */
function swarmId(text: string): string {
  return BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)
    .toString(36)
    .slice(0, 25);
}

const createdAt = '2026-11-28T23:00:00.123456789Z';

function containerSpec(labels: Readonly<Record<string, string>>): object {
  return {
    Image: 'lasuite/meet:v1.27.0',
    Labels: labels,
    Args: ['--password', plantedSecret],
    Env: [`DB_PASSWORD=${plantedSecret}`],
    Healthcheck: { Test: ['CMD', 'check', plantedSecret] },
  };
}

function serviceJson({ id, version, name, spec, updateState }: StoredService): object {
  return {
    ID: id,
    Version: { Index: version },
    CreatedAt: createdAt,
    UpdatedAt: createdAt,
    Spec: {
      Name: name,
      Labels: { 'com.docker.stack.namespace': 'meet', ...spec.labels },
      TaskTemplate: { ContainerSpec: containerSpec(spec.containerLabels ?? {}), ForceUpdate: 0, Runtime: 'container' },
      Mode: { Replicated: { Replicas: 1 } },
      EndpointSpec: { Mode: 'dnsrr' },
    },
    Endpoint: { Spec: { Mode: 'dnsrr' } },
    ...(updateState === undefined ? {} : { UpdateStatus: { State: updateState, StartedAt: createdAt, Message: '' } }),
  };
}

function taskJson({ id, version, spec, serviceId, network, labels }: StoredTask): object {
  return {
    ID: id,
    Version: { Index: version },
    CreatedAt: createdAt,
    UpdatedAt: createdAt,
    Labels: {},
    Spec: { ContainerSpec: containerSpec({ 'com.docker.stack.namespace': 'meet', ...labels }), ForceUpdate: 0 },
    ServiceID: serviceId,
    ...(spec.slot === undefined ? {} : { Slot: spec.slot }),
    NodeID: spec.node ?? 'node-1',
    Status: {
      Timestamp: createdAt,
      State: spec.state ?? 'running',
      Message: 'started',
      ContainerStatus: { ContainerID: id, PID: 4711, ExitCode: 0 },
    },
    DesiredState: spec.desired ?? 'running',
    NetworksAttachments: [attachmentJson('ingress', '10.0.0.9/24', true), attachmentJson(network, `${spec.address}/24`, false)],
  };
}

function attachmentJson(name: string, address: string, isIngress: boolean): object {
  return {
    Network: {
      ID: swarmId(name),
      Version: { Index: 9 },
      Spec: { Name: name, Labels: {}, DriverConfiguration: { Name: 'overlay' }, ...(isIngress ? { Ingress: true } : {}), Scope: 'swarm' },
      IPAMOptions: { Driver: {}, Configs: [{ Subnet: '10.0.1.0/24', Gateway: '10.0.1.1' }] },
    },
    Addresses: [address],
  };
}
