import { compareText } from '../model/untrusted-text.ts';
import type { Instance, Replica, Service } from '../model/instance.ts';
import { labelTable } from '../model/label-table.ts';
import type { ServerParameters } from '../model/server-parameters.ts';
import type { Balance } from '../nginx/token.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';

/** The servers of an upstream as `address:port`; they change with containers. */
export interface UpstreamServers {
  readonly servers: readonly string[];
  /** Servers that get requests only while no other server takes them (`meet.backup`). */
  readonly spares?: readonly string[];
  /** Standbys: replicas that are not in rotation, but may answer. */
  readonly backups: readonly string[];
  /** By `address:port`; a server without parameters has no entry. */
  readonly parameters?: Readonly<Record<string, ServerParameters>>;
}

/** The endpoints in rotation, sorted. */
export function liveEndpoints(replicas: readonly Replica[]): readonly string[] {
  return endpoints(replicas.filter(({ inRotation }) => inRotation));
}

/**
 * The servers and standbys of a service.
 * @param port a port other than the replicas' own
 */
export function serversOf(service: Pick<Service, 'replicas'>, port?: number): UpstreamServers {
  const replicas = port === undefined ? service.replicas : service.replicas.map((replica) => withPort(replica, port));
  const servers = liveEndpoints(replicas.filter(({ isBackup }) => isBackup !== true));
  const spares = liveEndpoints(replicas.filter(({ isBackup }) => isBackup === true)).filter((endpoint) => !servers.includes(endpoint));
  const parameters = parametersOf(replicas);
  return {
    servers,
    ...(spares.length === 0 ? {} : { spares }),
    backups: standbyEndpoints(replicas),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
  };
}

/**
 * Removes the backups that nginx refuses. `hash` and `random` allow no backup: ngx_http_upstream_hash_module and
 * ngx_http_upstream_random_module set no NGX_HTTP_UPSTREAM_BACKUP. An upstream needs a server that isn't a backup.
 */
export function withoutUnusableBackups(found: UpstreamServers, balance: Balance | undefined): UpstreamServers {
  const { servers, spares = [], ...rest } = found;
  if (!canStandBy(balance)) return { ...rest, servers: [...servers, ...spares].toSorted(compareText), backups: [] };
  return servers.length === 0 ? { ...rest, servers: spares } : found;
}

function canStandBy(balance: Balance | undefined): boolean {
  return balance !== 'ip-hash' && balance !== 'random-two';
}

function withPort({ endpoint, ...replica }: Replica, port: number): Replica {
  return endpoint === undefined ? replica : { ...replica, endpoint: endpoint.replace(/:\d+$/, `:${port}`) };
}

/** The problems of `meet.backup` labels that have no effect now. */
export function backupProblems(instance: Instance): readonly Problem[] {
  return instance.services.flatMap(({ labels: { balance }, replicas }) => {
    const spares = replicas.filter(({ isBackup }) => isBackup === true);
    if (!canStandBy(balance)) return spares.map((replica) => backupWithoutEffect(instance, replica, balance ?? ''));
    const isAlone = !replicas.some(({ inRotation, isBackup }) => inRotation && isBackup !== true);
    return isAlone ? spares.filter(({ inRotation }) => inRotation).map((replica) => backupInUse(instance, replica)) : [];
  });
}

/**
 * Replicas that are about to be ready are standbys of the ready replicas. If the old replicas stop once a new replica is
 * healthy, nginx has only these until its next reload. Replicas that may still answer, by the source, are standbys too.
 * They are out beside a spare, which is better, and beside a replica with `max_conns`, whose overflow nginx sends to them.
 */
function standbyEndpoints(replicas: readonly Replica[]): readonly string[] {
  const ready = replicas.filter(({ inRotation, standing }) => inRotation && standing.rank === 'ready');
  if (ready.length === 0) return [];
  const live = liveEndpoints(replicas);
  const isStartingOnly = ready.some(({ isBackup, parameters }) => isBackup === true || parameters?.maxConns !== undefined);
  const standbys = replicas.filter(
    ({ standing: { rank, standsBy }, isUnguarded }) =>
      isUnguarded !== true && (rank === 'starting' || (standsBy === true && !isStartingOnly)),
  );
  return endpoints(standbys).filter((endpoint) => !live.includes(endpoint));
}

function endpoints(replicas: readonly Replica[]): readonly string[] {
  return [...new Set(replicas.flatMap(({ endpoint }) => endpoint ?? []))].toSorted(compareText);
}

function parametersOf(replicas: readonly Replica[]): Readonly<Record<string, ServerParameters>> {
  const all = replicas.flatMap(({ endpoint, parameters }): [string, ServerParameters][] =>
    endpoint === undefined || parameters === undefined ? [] : [[endpoint, parameters]],
  );
  return Object.fromEntries(all);
}

function backupWithoutEffect(instance: Instance, { container }: Replica, balance: string): Problem {
  return problem('label-without-effect', {
    instance: instance.name,
    container: container.name,
    key: labelTable.backup.key,
    value: 'true',
    message: `with meet.balance=${balance} nginx allows no backup, so the replica gets requests like the others`,
    cure: 'use meet.balance=least-conn or round-robin, or remove meet.backup',
  });
}

function backupInUse(instance: Instance, { container }: Replica): Problem {
  return problem('backup-in-use', {
    instance: instance.name,
    container: container.name,
    key: labelTable.backup.key,
    value: 'true',
    message: 'only replicas with meet.backup are in rotation, so this replica gets requests',
    cure: 'check why the others are out of rotation; where all replicas have the label, remove it from one',
  });
}
