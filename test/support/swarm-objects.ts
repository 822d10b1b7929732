/** Builds entries of the managers' answers, as `GET /services` and `GET /tasks` print them. */

interface ServiceSketch {
  readonly id?: string;
  readonly version?: number;
  readonly name?: string;
  readonly labels?: unknown;
  readonly update?: string;
}

export function serviceEntry({ id = 'svc', version = 1, name = 'meet_backend', labels = {}, update }: ServiceSketch = {}): object {
  return {
    ID: id,
    Version: { Index: version },
    Spec: { Name: name, Labels: labels },
    ...(update === undefined ? {} : { UpdateStatus: { State: update } }),
  };
}

interface TaskSketch {
  readonly id?: string;
  readonly version?: number;
  readonly service?: string;
  readonly slot?: unknown;
  readonly node?: string;
  readonly state?: string;
  readonly desired?: string;
  readonly labels?: unknown;
  /** Addresses with their prefix, by network. */
  readonly networks?: Readonly<Record<string, readonly string[]>>;
}

export function taskEntry(sketch: TaskSketch = {}): object {
  const { id = 'task', version = 1, service = 'svc', slot, node = 'node-1', state = 'running', desired = 'running' } = sketch;
  const networks = Object.entries(sketch.networks ?? { meet_internal: ['10.0.1.5/24'] });
  return {
    ID: id,
    Version: { Index: version },
    CreatedAt: '2026-11-28T23:00:00.5Z',
    ServiceID: service,
    ...(slot === undefined ? {} : { Slot: slot }),
    NodeID: node,
    Status: { State: state },
    DesiredState: desired,
    Spec: { ContainerSpec: { Image: 'lasuite/meet:1', Labels: sketch.labels ?? { 'meet.role': 'backend' }, Env: ['SECRET=hunter2'] } },
    NetworksAttachments: networks.map(([name, addresses]) => ({
      Network: { ID: `id-of-${name}`, Spec: { Name: name } },
      Addresses: addresses,
    })),
  };
}
