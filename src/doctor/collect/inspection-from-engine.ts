import { isIP } from 'node:net';
import { readEnvironment } from '../facts/environment.ts';
import type { Identity, Inspection, Network, Program, PublishedPort } from '../facts/facts.ts';
import { parsePort } from '../../nginx/token.ts';
import { recordOf, textOf, textsOf } from '../../source/docker/json-fields.ts';
import { defined } from '../../util/defined.ts';

/**
 * Maps `GET /containers/<id>/json` (Docker Engine API, ContainerInspectResponse) to `Inspection`. Environment and
 * command line can have secrets, so only the values for the checks leave this function.
 * @throws Error when the answer isn't about a container
 */
export function inspectionFromEngine(answer: unknown): Inspection {
  const entry = recordOf(answer);
  const config = recordOf(entry['Config']);
  const host = recordOf(entry['HostConfig']);
  if (typeof entry['Id'] !== 'string') throw new Error("the engine's answer is not about a container");
  const command = [...textsOf(config['Entrypoint']), ...textsOf(config['Cmd'])];
  const stopSignal = textOf(config['StopSignal']);
  const stopTimeout = config['StopTimeout'];
  const { Pid: pid, ExitCode: exitCode } = recordOf(entry['State']);
  return {
    environment: readEnvironment(textsOf(config['Env']), command),
    program: programOf(command),
    ...(stopSignal === '' ? {} : { stopSignal }),
    ...(typeof stopTimeout === 'number' ? { stopTimeoutSeconds: stopTimeout } : {}),
    restartPolicy: textOf(recordOf(host['RestartPolicy'])['Name']),
    mounts: listOf(entry['Mounts']).map((mount) => ({
      type: textOf(mount['Type']),
      source: textOf(mount['Source']),
      destination: textOf(mount['Destination']).replace(/(?<=.)\/+$/, ''),
    })),
    extraHosts: textsOf(host['ExtraHosts']).flatMap(readExtraHost),
    publishedPorts: publishedPortsOf(recordOf(entry['NetworkSettings'])['Ports']),
    identity: identityOf(textOf(config['User']), textsOf(host['GroupAdd'])),
    aliases: aliasesOf(recordOf(entry['NetworkSettings'])['Networks']),
    ...(typeof exitCode === 'number' ? { exitCode } : {}),
    ...(typeof pid === 'number' && pid > 0 ? { pid } : {}),
  };
}

/** Maps `GET /networks`. @throws Error when the answer isn't a list */
export function networksFromEngine(answer: unknown): readonly Network[] {
  if (!Array.isArray(answer)) throw new Error("the engine's network list is not a list");
  return listOf(answer).map((network) => {
    const [subnet] = listOf(recordOf(network['IPAM'])['Config']);
    const gateway = textOf(subnet?.['Gateway']);
    return { name: textOf(network['Name']), internal: network['Internal'] === true, ...(isIP(gateway) === 0 ? {} : { gateway }) };
  });
}

/**
 * Reads the name of a container's first process from `GET /containers/<id>/top`: the first word of its command, without
 * folder and arguments. Docker lists the host's process ids. Podman lists the ids of the container's own namespace, and
 * 4.3 puts each row into one column (containers/podman, pkg/api/handlers/compat/containers_top.go).
 * @param pid the host's id of the first process
 * @returns undefined when the process isn't in the list
 */
export function processName(answer: unknown, pid: number): string | undefined {
  const { Titles: titles, Processes: processes } = recordOf(answer);
  const columns = textsOf(titles).flatMap((title) => title.split(/\s+/));
  const rows = (Array.isArray(processes) ? processes : []).map((row) => splitRow(textsOf(row), columns.length));
  const column = columns.indexOf('PID');
  const rowOf = (id: string): readonly string[] | undefined => rows.find((row) => row[column] === id);
  // The host's process 1 is in no container.
  const command = (rowOf(String(pid)) ?? rowOf('1'))?.at(-1) ?? '';
  const name = command.split(/[\s:]/)[0]?.split('/').at(-1) ?? '';
  return /^[\w.+-]{1,32}$/.test(name) ? name : undefined;
}

/** The columns of a row that may be one text. The last column, the command, can have blanks. */
function splitRow(row: readonly string[], columns: number): readonly string[] {
  if (row.length === columns) return row;
  const words = row.join(' ').trim().split(/\s+/);
  return [...words.slice(0, columns - 1), words.slice(columns - 1).join(' ')];
}

function programOf(command: readonly string[]): Program {
  // `sh -c` has the whole command in one argument.
  const words = new Set(command.flatMap((word) => word.split(/\s+/)).map((word) => word.split('/').at(-1)));
  if (words.has('celery')) return 'celery';
  if (words.has('reader') && (words.has('meet-gen') || words.has('meet-gen.js'))) return 'meet-gen reader';
  // One command often runs migrations, and then the server.
  const serves = ['gunicorn', 'uvicorn', 'daphne', 'runserver'].some((server) => words.has(server));
  return words.has('manage.py') && !serves ? 'manage.py' : 'other';
}

function readExtraHost(text: string): readonly { name: string; address: string }[] {
  const match = /^([a-z0-9_.-]+)[:=]\[?(host-gateway|[0-9a-f.:]+)\]?$/i.exec(text);
  if (match === null) return [];
  const [, name = '', address = ''] = match;
  return [{ name: name.toLowerCase(), address }];
}

/** Reads `user:group`, with numbers or names. Without a user, the process runs as root. */
function identityOf(user: string, groups: readonly string[]): Identity {
  const [name = '', group] = user.split(':');
  const isRoot = name === '' || name === 'root';
  const [uid, gid] = [isRoot ? 0 : numberFrom(name), group === undefined && isRoot ? 0 : numberFrom(group ?? '')];
  return {
    ...defined({ uid, gid }),
    groups: groups.flatMap((one) => numberFrom(one) ?? []),
  };
}

function numberFrom(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** All names are in `DNSNames` since API 1.44, in `Aliases` before. */
function aliasesOf(networks: unknown): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(recordOf(networks)).map(([network, endpoint]) => {
      const { Aliases: aliases, DNSNames: names } = recordOf(endpoint);
      return [network, [...new Set([...textsOf(aliases), ...textsOf(names)].map((name) => name.toLowerCase()))]];
    }),
  );
}

function publishedPortsOf(ports: unknown): readonly PublishedPort[] {
  return Object.entries(recordOf(ports)).flatMap(([key, bindings]) => {
    const [number = '', protocol] = key.split('/');
    const port = parsePort(number);
    if (port === undefined || (protocol !== 'tcp' && protocol !== 'udp')) return [];
    return listOf(bindings).flatMap((binding) => {
      const hostPort = parsePort(textOf(binding['HostPort']));
      return hostPort === undefined ? [] : [{ port, protocol, hostAddress: textOf(binding['HostIp']), hostPort } as const];
    });
  });
}

function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}
