import { containersFromEngine } from '../../src/source/docker/container-from-engine.ts';
import type { Member, ServiceMember } from '../../src/model/member.ts';
import { observe } from '../support/containers.ts';
import { parseNginx, walk } from '../support/nginx-parse.ts';
import type { Directive } from '../support/nginx-parse.ts';
import { renderWorld } from '../support/render-world.ts';
import { notAllowed } from './allowed-directives.ts';
import { attackersOf, victimsInstance, victimsOf } from './hostile-sets.ts';
import type { HostileSet } from './hostile-sets.ts';
import { brokenOwnership, hasForeignOwnFrontend, readMembers } from './ownership-oracle.ts';

const instancePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const plain = /^[\x20-\x7e…]*$/;

/** The files of a run over many sets, and every fault as text. */
export interface Judged {
  readonly files: readonly string[];
  readonly wrong: readonly string[];
}

/** Renders many sets as instances of one run, starting with the engine's JSON, and judges the result. */
export async function judgeSets(sets: readonly HostileSet[]): Promise<Judged> {
  const text = JSON.stringify(sets.flatMap((set, index) => [...victimsOf(index), ...attackersOf(set, index)]));
  const containers = containersFromEngine(JSON.parse(text));
  const { files, problems } = await renderWorld(observe(containers));
  const members = readMembers(containers);
  const unsafe = problems.flatMap((item) => Object.values(item).filter((word) => !plain.test(word)));
  const trees = new Map([...files].map(([name, content]) => [name, parseOrTell(content)]));
  return {
    files: [...files.values()],
    wrong: [
      ...unsafe.map((word) => `not plain: ${JSON.stringify(word)}`),
      ...problems.flatMap(({ code, message }) => (code === 'template-broken' ? [message] : [])),
      ...[...trees].flatMap(([name, tree]) => [
        ...(instancePattern.test(name) ? [] : [`an instance called ${JSON.stringify(name)}`]),
        ...(typeof tree === 'string' ? [tree] : notAllowed(tree)),
      ]),
      ...sets.flatMap((_, index) => harmToVictims(index, members.get(victimsInstance(index)) ?? [], trees.get(victimsInstance(index)))),
    ],
  };
}

function parseOrTell(content: string): readonly Directive[] | string {
  try {
    return parseNginx(content);
  } catch (error) {
    return String(error);
  }
}

function harmToVictims(index: number, members: readonly Member[], tree: readonly Directive[] | string | undefined): readonly string[] {
  const name = victimsInstance(index);
  if (tree === undefined) return [`${name} has no file`];
  if (typeof tree === 'string') return [];
  const ours = new Set(victimsOf(index).map((entry) => String(entry['Id'])));
  const broken = brokenOwnership(name, members, tree);
  const insiders = members.filter(({ container, project }) => !ours.has(container.id) && project === name);
  // A container with the labels of a replica is a replica: the newest replica's labels hold for all.
  const joined = new Set(insiders.flatMap((insider) => ('service' in insider && mayJoin(insider) ? [insider.service] : [])));
  const isTheirOwn = hasForeignOwnFrontend(name, members, ours);
  return [...broken, ...(isTheirOwn ? [] : unserved(index, tree, joined)), ...(insiders.length > 0 ? [] : missingLines(index, tree))].map(
    (words) => `${name}: ${words}`,
  );
}

/** A `service` with a backend's name is a service of its own. */
function mayJoin({ role, service }: ServiceMember): boolean {
  return service !== 'backend' || role === 'backend';
}

/** A container of another project may add its own routes to the victims' file; every earlier line stays. */
function missingLines(index: number, tree: readonly Directive[]): readonly string[] {
  const lines = new Set(linesOf(tree));
  return alone(index).flatMap((line) => (lines.has(line) ? [] : [`missing: ${line}`]));
}

/** A line for each upstream and each directive of a server, blocks included, without the generation. */
function linesOf(tree: readonly Directive[]): readonly string[] {
  return tree.flatMap((top) =>
    top.name === 'server' ? (top.block ?? []).map((inner) => `server: ${printDirective(inner)}`) : [printDirective(top)],
  );
}

function printDirective({ name, args, block }: Directive): string {
  const head = [name, ...args].join(' ').replace(/(?<="|meet-gen!live-)[0-9a-f]{16}\b/, 'GENERATION');
  return block === undefined ? head : `${head} { ${block.map(printDirective).join('; ')} }`;
}

const linesAlone = linesOf(
  await renderWorld(observe(containersFromEngine(victimsOf(0)))).then(({ files }) => parseNginx(files.get(victimsInstance(0)) ?? '')),
);

/** The lines of a set's victims without an attack. The victims of all sets differ only in names and addresses. */
function alone(index: number): readonly string[] {
  const [from = '', to = ''] = [victimsOf(0), victimsOf(index)].map(([first = {}]) => addressOf(first).replace(/\d+$/, ''));
  return linesAlone.map((line) => line.replaceAll(from, to).replaceAll(victimsInstance(0), victimsInstance(index)));
}

/** The victims' upstreams keep their names and servers. */
function unserved(index: number, tree: readonly Directive[], joined: ReadonlySet<string>): readonly string[] {
  const name = victimsInstance(index);
  const [, backend = '', files = '', minio = ''] = victimsOf(index).map(addressOf);
  const servers = new Set(
    tree.flatMap(({ name: kind, args: [upstream = ''], block }) =>
      kind === 'upstream' ? (block ?? []).map(({ args }) => `${upstream} ${args.join(' ')}`) : [],
    ),
  );
  const wanted = [
    ...(joined.has('backend') ? [] : [`meet_${name}.backend ${backend}:8000 max_fails=0 fail_timeout=0`]),
    ...(joined.has('files') ? [] : [`meet_${name}.files ${files}:3000 max_fails=0 fail_timeout=0`]),
    ...(joined.has('minio') ? [] : [`meet-media_${name}.minio ${minio}:9000 max_fails=0 fail_timeout=0`]),
    'meet-spa 127.0.0.1:8080 max_fails=0 fail_timeout=0',
  ];
  // A service that lost every path to an insider is not routed; `brokenOwnership` judges whether that is allowed.
  const routed = (server: string): boolean => server.startsWith('meet-spa ') || passes.has(server.split(' ')[0] ?? '');
  const passes = new Set(
    walk(tree).flatMap(({ directive }) => (directive.name === 'proxy_pass' ? (directive.args[0]?.slice(7).split('/')[0] ?? []) : [])),
  );
  const settings = tree.flatMap((top) =>
    top.name === 'server'
      ? (top.block ?? []).filter(({ block }) => block === undefined).map(({ name: key, args }) => `${key} ${args.join(' ')}`)
      : [],
  );
  return [
    ...wanted.filter((server) => routed(server) && !servers.has(server)).map((server) => `missing: ${server}`),
    ...['listen 8083', 'listen 8084', 'client_max_body_size 100M', 'proxy_read_timeout 300s', 'proxy_set_header X-Forwarded-Proto https']
      .filter((setting) => !settings.includes(setting))
      .map((setting) => `missing: ${setting}`),
    ...settings.filter(
      (setting) => setting.startsWith('server_name ') && ![`server_name ${name}.example.com`, 'server_name localhost'].includes(setting),
    ),
  ];
}

function addressOf(entry: Readonly<Record<string, unknown>>): string {
  const { Networks: networks } = entry['NetworkSettings'] as { Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
  return Object.values(networks)[0]?.IPAddress ?? '';
}

/** One file per kind: sets differ only in names and addresses, so nginx need not load each. */
export function distinct(files: readonly string[]): readonly string[] {
  const kinds = new Map(files.map((file) => [file.replace(/\b[avx]\d+\b|"[0-9a-f]{16} |172\.\d+\.\d+\.\d+/g, ''), file]));
  return [...kinds.values()];
}

/**
 * Many rendered files as one, for one `nginx -t`. Each gets ports and upstream names of its own where the template
 * prints them, and is otherwise unchanged, so nginx loads every file.
 */
export function combine(files: readonly string[]): string {
  return files
    .map((file, index) => {
      let port = 10_000 + index * 4;
      return file
        .replace(/^( *listen (?:\[::\]:)?)\d+;$/gm, (_, listen: string) => `${listen}${port++};`)
        .replace(/^upstream (\S+) \{$/gm, `upstream c${index}-$1 {`)
        .replace(/^( *proxy_pass https?:\/\/)(\S+);$/gm, `$1c${index}-$2;`);
    })
    .join('\n');
}
