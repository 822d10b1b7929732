/*
 * Services, tasks and events as Docker sends them (Docker Engine API: ServiceList, TaskList, SystemEvents), with as many
 * fields as can be set.
 */

interface Many {
  readonly [key: string]: unknown;
}

/** The template of a service's tasks, which a task has as its `Spec`. */
function taskSpec(labels: Many): Many {
  return {
    ContainerSpec: {
      Image: 'lasuite/meet-backend:v1.27.0@sha256:4d1',
      Labels: labels,
      Command: ['gunicorn', '--certfile'],
      Args: ['--password', 'hunter2'],
      Hostname: '{{.Node.Hostname}}',
      Env: ['DB_PASSWORD=hunter2', 'DJANGO_SECRET_KEY=hunter2'],
      Dir: '/app',
      User: '1000',
      Groups: ['999'],
      Privileges: { CredentialSpec: { Config: 'spec' }, SELinuxContext: { User: 'u', Role: 'r', Type: 't', Level: 'l' } },
      StopSignal: 'SIGTERM',
      Mounts: [
        {
          Type: 'volume',
          Source: 'data',
          Target: '/data',
          VolumeOptions: { Labels: { owner: 'ops' }, DriverConfig: { Name: 'nfs', Options: { o: 'addr=nas,password=hunter2' } } },
        },
      ],
      Healthcheck: { Test: ['CMD', 'curl', '-u', 'admin:hunter2', 'localhost'], Interval: 1 },
      Hosts: ['10.0.0.1 db'],
      DNSConfig: { Nameservers: ['10.0.0.53'], Search: ['corp.example'], Options: ['ndots:1'] },
      Secrets: [{ File: { Name: 'db', UID: '0', GID: '0', Mode: 256 }, SecretID: 'fpjqlhnwb19zds35k8wn80lq9', SecretName: 'db-password' }],
      Configs: [
        { File: { Name: '/app/conf', UID: '0', GID: '0', Mode: 256 }, ConfigID: 'ktnbjxoalbkvbvedmg1urrz8h', ConfigName: 'app-conf' },
      ],
      Isolation: 'default',
      Sysctls: { 'net.core.somaxconn': '1024' },
      CapabilityAdd: ['CAP_NET_RAW'],
      CapabilityDrop: ['ALL'],
      Ulimits: [{ Name: 'nofile', Hard: 1, Soft: 1 }],
    },
    NetworkAttachmentSpec: { ContainerID: 'c0ffee' },
    PluginSpec: { Name: 'plugin', Remote: 'registry/plugin', PluginPrivilege: [{ Name: 'network', Description: 'd', Value: ['host'] }] },
    Resources: { Limits: { NanoCPUs: 1 }, Reservations: { GenericResources: [{ NamedResourceSpec: { Kind: 'GPU', Value: 'UUID1' } }] } },
    RestartPolicy: { Condition: 'any', Delay: 1, MaxAttempts: 0 },
    Placement: { Constraints: ['node.labels.zone == secret'], Preferences: [{ Spread: { SpreadDescriptor: 'node.labels.rack' } }] },
    ForceUpdate: 0,
    Runtime: 'container',
    Networks: [{ Target: 'net', Aliases: ['backend'], DriverOpts: { o: 'x' } }],
    LogDriver: { Name: 'splunk', Options: { 'splunk-token': 'hunter2' } },
  };
}

interface ServiceOptions {
  readonly id?: string;
  readonly name?: string;
  /** Under `deploy.labels` in a stack file. */
  readonly labels?: Many;
  /** Under `labels` in a stack file. */
  readonly containerLabels?: Many;
  /** The labels of the containers before the last update. */
  readonly previousLabels?: Many;
}

const otherLabels = { 'com.docker.stack.namespace': 'meet', 'com.docker.stack.image': 'registry/backend', 'app.token': 'hunter2' };

/** An entry of `GET /services`. Without options: a backend with `meet.role` on its containers. */
export function dockerService(options: ServiceOptions = {}): Many {
  const { id = '9mnpnzenvg8p8tdbtq4wvbkcz', name = 'meet_backend', labels = {}, containerLabels = { 'meet.role': 'backend' } } = options;
  const spec = {
    Name: name,
    Labels: { ...otherLabels, ...labels },
    TaskTemplate: taskSpec({ ...otherLabels, ...containerLabels }),
    Mode: { Replicated: { Replicas: 2 } },
    UpdateConfig: { Parallelism: 1, FailureAction: 'pause', Order: 'start-first' },
    RollbackConfig: { Parallelism: 1, FailureAction: 'pause', Order: 'stop-first' },
    EndpointSpec: { Mode: 'vip', Ports: [{ Name: 'http', Protocol: 'tcp', TargetPort: 80, PublishedPort: 80, PublishMode: 'ingress' }] },
  };
  return {
    ID: id,
    Version: { Index: 19 },
    CreatedAt: '2026-11-29T10:00:00.1Z',
    UpdatedAt: '2026-11-29T10:00:01.1Z',
    Spec: spec,
    PreviousSpec: {
      ...spec,
      Labels: otherLabels,
      TaskTemplate: taskSpec({ ...otherLabels, ...(options.previousLabels ?? containerLabels) }),
    },
    Endpoint: {
      Spec: spec.EndpointSpec,
      Ports: spec.EndpointSpec.Ports,
      VirtualIPs: [{ NetworkID: '4qvuz4ko70xaltuqbt8956gd1', Addr: '10.255.0.2/16' }],
    },
    UpdateStatus: {
      State: 'updating',
      StartedAt: '2026-11-29T10:00:00.1Z',
      CompletedAt: '2026-11-29T10:00:02.1Z',
      Message: 'update paused due to failure',
    },
    ServiceStatus: { RunningTasks: 1, DesiredTasks: 2, CompletedTasks: 0 },
    JobStatus: { JobIteration: { Index: 0 }, LastExecution: '2026-11-29T10:00:00.1Z' },
  };
}

interface TaskOptions {
  readonly id?: string;
  readonly serviceId?: string;
  readonly labels?: Many;
  readonly address?: string;
}

/** An entry of `GET /tasks`. Without options: a running task of `dockerService()`. */
export function dockerTask(options: TaskOptions = {}): Many {
  const { id = '0kzzo1i0y4jz6027t0k7aezc7', serviceId = '9mnpnzenvg8p8tdbtq4wvbkcz', labels = { 'meet.role': 'backend' } } = options;
  return {
    ID: id,
    Version: { Index: 71 },
    CreatedAt: '2026-11-29T10:00:00.2Z',
    UpdatedAt: '2026-11-29T10:00:00.3Z',
    Name: 'hopeful_cori',
    Labels: { 'meet.role': 'not-the-containers', 'app.token': 'hunter2' },
    Spec: taskSpec({ ...otherLabels, ...labels }),
    ServiceID: serviceId,
    Slot: 1,
    NodeID: '60gvrl6tm78dmak4yl7srz94v',
    AssignedGenericResources: [{ NamedResourceSpec: { Kind: 'GPU', Value: 'UUID1' } }],
    Status: {
      Timestamp: '2026-11-29T10:00:00.4Z',
      State: 'running',
      Message: 'started',
      Err: 'starting container failed: exec: "--password=hunter2": executable file not found in $PATH',
      ContainerStatus: { ContainerID: 'e5d62702a1b48d01c3e02ca1e0212a250801fa8d67caca0b6f35919ebc12f035', PID: 677, ExitCode: 0 },
      PortStatus: { Ports: [{ Name: 'http', Protocol: 'tcp', TargetPort: 80, PublishedPort: 80, PublishMode: 'host' }] },
    },
    DesiredState: 'running',
    NetworksAttachments: [
      {
        Network: {
          ID: '4qvuz4ko70xaltuqbt8956gd1',
          Version: { Index: 18 },
          CreatedAt: '2026-11-29T09:00:00.1Z',
          UpdatedAt: '2026-11-29T09:00:00.2Z',
          Spec: {
            Name: 'meet_internal',
            Labels: { 'app.token': 'hunter2' },
            DriverConfiguration: { Name: 'overlay', Options: { o: 'x' } },
            IPAMOptions: { Driver: { Name: 'default' } },
          },
          DriverState: { Name: 'overlay', Options: { 'com.docker.network.driver.overlay.vxlanid_list': '4097' } },
          IPAMOptions: { Driver: { Name: 'default' }, Configs: [{ Subnet: '10.0.1.0/24', Gateway: '10.0.1.1' }] },
        },
        Addresses: [options.address ?? '10.0.1.10/24'],
        DriverOpts: { o: 'x' },
      },
    ],
    Volumes: [{ ID: 'v1', Source: 'group:db', Target: '/db' }],
    JobIteration: { Index: 0 },
  };
}

const attributesOfService = {
  name: 'meet_backend',
  'updatestate.new': 'updating',
  'replicas.old': '1',
  'replicas.new': '2',
  'app.token': 'hunter2',
};

/** An event of `GET /events`. */
function dockerEvent(type: string, action: string, attributes: Many): Many {
  return {
    Type: type,
    Action: action,
    Actor: { ID: '9mnpnzenvg8p8tdbtq4wvbkcz', Attributes: attributes },
    scope: 'swarm',
    time: 1_795_950_000,
    // Not all 19 digits: a number of JavaScript holds 16.
    timeNano: 1_795_950_000_123_456_000,
    status: action,
    id: 'c0ffee',
    from: 'registry/backend',
  };
}

/** Events of services and nodes. */
export const swarmEvents: readonly Many[] = [
  dockerEvent('service', 'create', attributesOfService),
  dockerEvent('service', 'update', attributesOfService),
  dockerEvent('service', 'remove', attributesOfService),
  dockerEvent('node', 'update', { name: 'worker-1', 'state.new': 'down', 'state.old': 'ready', 'app.token': 'hunter2' }),
];

/** Events of all other kinds. */
export const otherEvents: readonly Many[] = [
  dockerEvent('container', 'exec_create: sh -c "mysql -phunter2"', { execID: 'c0ffee', image: 'mysql', name: 'db', token: 'hunter2' }),
  dockerEvent('container', 'die', { exitCode: '1', image: 'mysql', name: 'db', token: 'hunter2' }),
  dockerEvent('service', 'exec_start: sh -c "mysql -phunter2"', attributesOfService),
  dockerEvent('network', 'connect', { container: 'c0ffee', name: 'meet_internal', type: 'overlay' }),
  dockerEvent('volume', 'mount', { container: 'c0ffee', driver: 'local', destination: '/db' }),
  dockerEvent('image', 'pull', { name: 'mysql:8' }),
  dockerEvent('secret', 'create', { name: 'db-password' }),
  dockerEvent('config', 'create', { name: 'app-conf' }),
  dockerEvent('plugin', 'enable', { name: 'plugin' }),
  dockerEvent('daemon', 'reload', { name: 'manager', 'cluster-store-opts': '{}' }),
];

/** `GET /version`. */
export const dockerVersion: Many = {
  Platform: { Name: 'Docker Engine - Community' },
  Components: [{ Name: 'Engine', Version: '26.1.5', Details: { GitCommit: '411e817', KernelVersion: '6.1.0' } }],
  Version: '26.1.5',
  ApiVersion: '1.45',
  MinAPIVersion: '1.24',
  GitCommit: '411e817',
  GoVersion: 'go1.21.11',
  Os: 'linux',
  Arch: 'amd64',
  KernelVersion: '6.1.0-secret',
  BuildTime: '2024-07-23T00:00:00Z',
};
