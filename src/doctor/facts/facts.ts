import type { Container } from '../../model/container.ts';
import type { PortTrial } from '../../model/port-trial.ts';
import type { Environment } from './environment.ts';

/** What a container is in the topology. */
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
  | 'socket-proxy'
  | 'one-off'
  | 'other';

/** What was found out; or why it wasn't, in words for people. */
export type Known<Value> = { readonly known: true; readonly value: Value } | { readonly known: false; readonly why: string };

/** A container as the list shows it, with its image's name as it was asked for. */
export interface ListedContainer {
  readonly container: Container;
  readonly image: string;
}

interface Mount {
  readonly type: string;
  readonly source: string;
  readonly destination: string;
}

/** A port of the container that is open on the host. */
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

/** What its command line starts, as far as it matters; the line itself may hold secrets and is not kept. */
export type Program = 'celery' | 'manage.py' | 'other';

/** Whose rights its first process has. */
export interface Identity {
  /** Absent: a name, which the image's own list of users explains. */
  readonly uid?: number;
  /** Absent: as the image's list of users says. */
  readonly gid?: number;
  /** Further groups (`group_add`) by number; of named ones only the image knows the number. */
  readonly groups: readonly number[];
}

/** A file's owner, group and permissions, as stat(2) has them. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** What only an inspect tells, reduced to what the checks read. */
export interface Inspection {
  readonly environment: Environment;
  readonly program: Program;
  /** Absent where neither image nor container sets one. */
  readonly stopSignal?: string;
  /** Absent: the engine's own ten seconds. */
  readonly stopTimeoutSeconds?: number;
  readonly restartPolicy: string;
  readonly mounts: readonly Mount[];
  readonly extraHosts: readonly ExtraHost[];
  readonly publishedPorts: readonly PublishedPort[];
  readonly identity: Identity;
  /** The names that the engine's DNS knows it by, by network. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** Of its last end. */
  readonly exitCode?: number;
  /** On the host; absent while it doesn't run. */
  readonly pid?: number;
}

/** A container that belongs to a Meet, or stands before it. */
export interface Subject {
  readonly container: Container;
  readonly image: string;
  readonly part: Part;
  readonly project?: string;
  /** Compose's name for it. */
  readonly service?: string;
  readonly inspection: Known<Inspection>;
}

/** A network of the engine. */
export interface Network {
  readonly name: string;
  /** No way out, by the engine's own firewall. */
  readonly internal: boolean;
  /** The host's own address on it. */
  readonly gateway?: string;
}

/** What an HTTP request to a container came to. */
export type HttpAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly content: 'json' | 'html' | 'other';
      /** Of a redirect. */
      readonly location?: string;
    }
  /** Nothing listens there. */
  | { readonly kind: 'refused' }
  /** Something listens, and speaks no HTTP. */
  | { readonly kind: 'garbled'; readonly reason: string }
  /** No packet came back. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/** What a frontend's status server said; the same words as the proof of a reload. */
export type StatusAnswer =
  | { readonly kind: 'generation'; readonly generation: string; readonly nginxVersion: string }
  | { readonly kind: 'denied' }
  | { readonly kind: 'silent'; readonly reason: string };

/** What is known about a running frontend besides. */
export interface FrontendFacts {
  /** The files of /etc/nginx/conf.d, text by name. */
  readonly confD: Known<ReadonlyMap<string, string>>;
  /** The file that meet-gen published for it, absent when there is none. */
  readonly published: Known<string | undefined>;
  readonly status: StatusAnswer;
  /** `/api/v1.0/config/` at the routing server, as nginx-proxy would ask. */
  readonly api: HttpAnswer;
  /** The first process's name: `nginx`, `sh`. */
  readonly firstProcess: Known<string>;
}

/** What name resolution says about a public name. */
export type Resolution =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'no-such-name' }
  | { readonly kind: 'unclear'; readonly reason: string };

/** A TLS connection to a public name. */
export type TlsAnswer =
  | { readonly kind: 'valid'; readonly daysLeft: number }
  | { readonly kind: 'untrusted'; readonly reason: string }
  /** Something at that address says no: nothing listens on 443. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'unreachable'; readonly reason: string };

export interface NameFacts {
  readonly resolution: Resolution;
  /** Absent where there was no address to connect to. */
  readonly tls?: TlsAnswer;
}

/** Whether a connection to a place could be made from the backends' network. */
export type Reachability = { readonly kind: 'open' } | { readonly kind: 'closed'; readonly reason: string };

/** What was found out about a running backend from inside, or from its network. */
export interface BackendFacts {
  /** `/__heartbeat__`: whether its database and cache answer. */
  readonly heartbeat: HttpAnswer;
  /** By public name: whether the backend itself reaches port 443 there. */
  readonly reach: Known<ReadonlyMap<string, Reachability>>;
}

/** Everything that the checks are decided from. A container's texts are foreign text. */
export interface Facts {
  /** The instance that is looked at alone. */
  readonly only?: string;
  /** What `--project` says: projects by instance. */
  readonly owners?: ReadonlyMap<string, string>;
  readonly listed: readonly ListedContainer[];
  readonly subjects: readonly Subject[];
  readonly networks: Known<readonly Network[]>;
  /** By container id; running frontends alone. */
  readonly frontends: ReadonlyMap<string, FrontendFacts>;
  /** Configuration files of nginx-proxy by path, by container id. */
  readonly proxyFiles: ReadonlyMap<string, Known<ReadonlyMap<string, string>>>;
  /** By container id; running backends alone. */
  readonly backends: ReadonlyMap<string, BackendFacts>;
  /** By container id: whether the port answers that requests are sent to. */
  readonly ports: ReadonlyMap<string, PortTrial>;
  /** Whose the engine's socket is, through which the doctor asks. */
  readonly socket: Known<Ownership>;
  readonly names: ReadonlyMap<string, NameFacts>;
  /** By name and address of an `extra_hosts` entry (`extraHostKey`). */
  readonly extraHosts: ReadonlyMap<string, Known<Reachability>>;
  /** By container id: files that are mounted by themselves and were replaced outside since. */
  readonly staleMounts: ReadonlyMap<string, Known<readonly string[]>>;
}

export function known<Value>(value: Value): Known<Value> {
  return { known: true, value };
}

export function unknown(why: string): { readonly known: false; readonly why: string } {
  return { known: false, why };
}
