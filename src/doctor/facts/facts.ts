import type { Container } from '../../model/container.ts';
import type { PortTrial } from '../../model/port-trial.ts';
import type { Environment } from './environment.ts';

// The facts that checks decide from. `collect/` fills them in, and each can be unknown, with the reason.

// The types of the facts. `doctor/collect` fills them in, and `doctor/checks` decides from them.

/** The part that a container plays in the topology. */
export type Part =
  | 'frontend'
  | 'backend'
  | 'worker'
  | 'service'
  | 'router'
  | 'media'
  | 'keycloak'
  | 'livekit'
  | 'outer-proxy'
  | 'acme-companion'
  | 'meet-gen'
  | 'reader'
  | 'socket-proxy'
  | 'one-off'
  | 'other';

/** A value, or the reason why the value is unknown. */
export type Known<Value> = { readonly known: true; readonly value: Value } | { readonly known: false; readonly why: string };

/** A container from the engine's list, with the image name that the container was created with. */
export interface ListedContainer {
  readonly container: Container;
  readonly image: string;
}

interface Mount {
  readonly type: string;
  readonly source: string;
  readonly destination: string;
}

/** A port of a container that is published on the host. */
export interface PublishedPort {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly hostAddress: string;
  readonly hostPort: number;
}

interface ExtraHost {
  readonly name: string;
  /** An address, or `host-gateway`. */
  readonly address: string;
}

/** The program in a container's command line. The line itself is dropped, since it can have secrets. */
export type Program = 'celery' | 'manage.py' | 'meet-gen reader' | 'other';

/** User and groups of a container's first process. */
export interface Identity {
  /** Undefined if the user is a name, whose number only the image has. */
  readonly uid?: number;
  /** Undefined if only the image has the group. */
  readonly gid?: number;
  /** The numbers in `group_add`. Names are left out, since only the image has their numbers. */
  readonly groups: readonly number[];
}

/** A file's owner, group and mode (stat(2)). */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** The fields of an inspect that the checks read. */
export interface Inspection {
  readonly environment: Environment;
  readonly program: Program;
  /** Undefined if image and container set no stop signal. */
  readonly stopSignal?: string;
  /** Undefined for the engine's default of ten seconds. */
  readonly stopTimeoutSeconds?: number;
  readonly restartPolicy: string;
  readonly mounts: readonly Mount[];
  readonly extraHosts: readonly ExtraHost[];
  readonly publishedPorts: readonly PublishedPort[];
  readonly identity: Identity;
  /** The container's names in the engine's DNS, by network. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** The last exit code. */
  readonly exitCode?: number;
  /** The process id on the host; undefined for a stopped container. */
  readonly pid?: number;
}

/** A container that the doctor checks: it belongs to a Meet, or it is a proxy in front. */
export interface Subject {
  readonly container: Container;
  readonly image: string;
  readonly part: Part;
  readonly project?: string;
  /** The service in compose, or in the stack file. */
  readonly service?: string;
  readonly inspection: Known<Inspection>;
}

/** A network of the engine. */
export interface Network {
  readonly name: string;
  /** Whether the engine's firewall blocks connections out of the network. */
  readonly internal: boolean;
  /** The host's address on the network. */
  readonly gateway?: string;
}

/** The result of an HTTP request to a container. */
export type HttpAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly content: 'json' | 'html' | 'other';
      /** The target of a redirect. */
      readonly location?: string;
    }
  /** No server listens. */
  | { readonly kind: 'refused' }
  /** The server doesn't speak HTTP. */
  | { readonly kind: 'garbled'; readonly reason: string }
  /** No packet came back. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/** The answer of a frontend's status server; the same type as in the proof of a reload. */
export type StatusAnswer =
  | { readonly kind: 'generation'; readonly generation: string; readonly nginxVersion: string }
  | { readonly kind: 'denied' }
  | { readonly kind: 'silent'; readonly reason: string };

/** More facts about a running frontend. */
export interface FrontendFacts {
  /** The files of /etc/nginx/conf.d, text by name. */
  readonly confD: Known<ReadonlyMap<string, string>>;
  /** The file that meet-gen published for the frontend; undefined before the first. */
  readonly published: Known<string | undefined>;
  readonly status: StatusAnswer;
  /** The answer of the routing server to `/api/v1.0/config/`, with the headers of nginx-proxy. */
  readonly api: HttpAnswer;
  /** The first process's name: `nginx`, `sh`. */
  readonly firstProcess: Known<string>;
}

/** The result of looking up a public name. */
export type Resolution =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'no-such-name' }
  | { readonly kind: 'unclear'; readonly reason: string };

/** The result of a TLS connection to a public name. */
export type TlsAnswer =
  | { readonly kind: 'valid'; readonly daysLeft: number }
  | { readonly kind: 'untrusted'; readonly reason: string }
  /** No server listens on port 443 of that address. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'unreachable'; readonly reason: string };

export interface NameFacts {
  readonly resolution: Resolution;
  /** Undefined without an address to connect to. */
  readonly tls?: TlsAnswer;
}

/** Whether a connection from the backends' network succeeds. */
export type Reachability = { readonly kind: 'open' } | { readonly kind: 'closed'; readonly reason: string };

/** Facts about a running backend, found from inside, or from its network. */
export interface BackendFacts {
  /** The answer of `/__heartbeat__`, which asks database and cache. */
  readonly heartbeat: HttpAnswer;
  /** By public name: whether the backend itself reaches port 443. */
  readonly reach: Known<ReadonlyMap<string, Reachability>>;
}

/** The facts for all checks. The texts of a container are untrusted. */
export interface Facts {
  /** The only instance to check. */
  readonly only?: string;
  /** The projects of `--project`, by instance. */
  readonly owners?: ReadonlyMap<string, string>;
  readonly listed: readonly ListedContainer[];
  readonly subjects: readonly Subject[];
  readonly networks: Known<readonly Network[]>;
  /** On this engine a signal ends every restart policy, so meet-gen sends no signal. */
  readonly signalEndsRestarts: boolean;
  /** By container id; only running frontends. */
  readonly frontends: ReadonlyMap<string, FrontendFacts>;
  /** By container id: nginx-proxy's configuration files, by path. */
  readonly proxyFiles: ReadonlyMap<string, Known<ReadonlyMap<string, string>>>;
  /** By container id; only running backends. */
  readonly backends: ReadonlyMap<string, BackendFacts>;
  /** By container id: whether the port for requests accepts connections. */
  readonly ports: ReadonlyMap<string, PortTrial>;
  /** Owner and mode of the engine's socket that the doctor uses. */
  readonly socket: Known<Ownership>;
  readonly names: ReadonlyMap<string, NameFacts>;
  /** By name and address of an `extra_hosts` entry (`extraHostKey`). */
  readonly extraHosts: ReadonlyMap<string, Known<Reachability>>;
  /** By container id: single mounted files that have been replaced on the host. */
  readonly staleMounts: ReadonlyMap<string, Known<readonly string[]>>;
}

export function known<Value>(value: Value): Known<Value> {
  return { known: true, value };
}

export function unknown(why: string): { readonly known: false; readonly why: string } {
  return { known: false, why };
}
