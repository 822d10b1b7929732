import type { Container } from '../../src/model/container.ts';
import type { InstanceChoice } from '../../src/model/read-instances.ts';
import { observe } from '../support/containers.ts';
import { parseNginx } from '../support/nginx-parse.ts';
import type { Directive } from '../support/nginx-parse.ts';
import { renderWorld } from '../support/render-world.ts';
import type { RenderedWorld } from '../support/render-world.ts';
import { seededRandom, shuffled } from '../support/seeded-random.ts';
import { neighbourhood } from './neighbours.ts';
import type { Neighbourhood } from './neighbours.ts';

/*
 * The rules of ownership, from docs/operations.md and independent of the code under test. The same Meet is rendered
 * alone and with its neighbours, and the victim's part has to be the same.
 * - The owner is the project that the option names, else the remembered one, else the project with the instance's name.
 *   Else it is the first by name of the projects with a frontend or router. With --strict-instance several of these
 *   give no owner, and nothing is published.
 * - With --strict-instance the file equals the file without strangers, byte by byte.
 * - Otherwise strangers may add locations that lead to their own containers, or to the earlier target of their paths.
 *   Everything else stays the same: settings, locations, upstreams, status server. A stranger may get paths that
 *   answered 503.
 */

export interface Judged {
  readonly worlds: number;
  /** Counts worlds by expectation: a kind that never appears would leave its check empty. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

export async function judgeNeighbours(seed: number, count: number): Promise<Judged> {
  const random = seededRandom(seed);
  const kinds: Record<string, number> = {};
  const wrong: string[] = [];
  for (let world = 0; world < count; world += 1) {
    const one = neighbourhood(random);
    const { kind, faults } = await judge(one, random);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    wrong.push(...faults.map((fault) => `world ${world} of seed ${seed}, ${kind}: ${fault}`));
  }
  return { worlds: count, kinds, wrong };
}

async function judge(one: Neighbourhood, random: () => number): Promise<{ readonly kind: string; readonly faults: readonly string[] }> {
  const owner = ownerOf(one);
  const choice = choiceOf(one);
  const all = [...one.victims, ...one.strangers];
  const beside = await render(all, choice);
  const again = await render(shuffled(all, random), choice);
  const mode = one.strict ? 'strict' : 'default';
  const unsteady = beside.files.get('prod') === again.files.get('prod') ? [] : ['the order of the list decides'];
  if (owner === 'undecided') return { kind: `${mode}, undecided`, faults: [...unsteady, ...undecided(beside)] };
  const reported = [...unsteady, ...unreported(one, owner, beside)];
  if (owner !== one.victim) return { kind: `${mode}, a stranger is first`, faults: [...reported, ...wrongOwner(owner, beside)] };
  const alone = (await render(one.victims, choice)).files.get('prod') ?? '';
  const file = beside.files.get('prod') ?? '';
  const changed = one.strict
    ? file === alone
      ? []
      : [`the file is another one: ${firstDifference(alone, file)}`]
    : changes(one, alone, file);
  return { kind: `${mode}, ${one.knowledge}`, faults: [...reported, ...wrongOwner(owner, beside), ...changed] };
}

function ownerOf({ knowledge, victim, strict, strangers }: Neighbourhood): string {
  if (knowledge !== 'nothing') return victim;
  const claims = strangers.filter(({ labels }) => ['frontend', 'router'].includes(labels['meet.role'] ?? ''));
  const claimants = [...new Set([victim, ...claims.flatMap((container) => projectOf(container) ?? [])])].toSorted();
  if (claimants.includes('prod')) return 'prod';
  return strict && claimants.length > 1 ? 'undecided' : (claimants[0] ?? '');
}

/** As written into files. */
function projectOf({ labels }: Container): string | undefined {
  const project = labels['com.docker.compose.project'];
  return project === 'Stack.A' ? '++53tack+2e+41' : project;
}

function choiceOf({ knowledge, victim, strict }: Neighbourhood): InstanceChoice {
  const known = new Map([['prod', victim]]);
  return {
    strict,
    ...(knowledge === 'option' ? { given: known } : {}),
    remembered: knowledge === 'remembered' ? known : new Map(knowledge === 'option' ? [['prod', 'aaa']] : []),
  };
}

/** Strangers report an old nginx. */
function render(containers: readonly Container[], choice: InstanceChoice): Promise<RenderedWorld> {
  return renderWorld(observe(containers), (frontend) => (/^n\d/.test(frontend) ? '1.22.1' : '1.30.3'), choice);
}

function undecided({ files, problems }: RenderedWorld): readonly string[] {
  return [
    ...(files.has('prod') ? ['something is published'] : []),
    ...(problems.some(({ code }) => code === 'owner-undecided') ? [] : ['nobody says that the owner is not known']),
  ];
}

function wrongOwner(owner: string, { instances }: RenderedWorld): readonly string[] {
  const [found] = instances;
  return found?.project === owner ? [] : [`it belongs to ${found?.project ?? 'nobody'} instead of ${owner}`];
}

/** Every container of another project has a problem that names it. */
function unreported({ victims, strangers, strict }: Neighbourhood, owner: string, { problems }: RenderedWorld): readonly string[] {
  const code = strict ? 'foreign-project-refused' : 'foreign-project';
  const named = new Set(problems.filter((one) => one.code === code).map(({ container }) => container));
  const foreign = [...victims, ...strangers].filter((one) => projectOf(one) !== owner);
  return foreign.flatMap(({ name }) => (named.has(name) ? [] : [`${name} is not reported`]));
}

function changes({ victims, strangers }: Neighbourhood, alone: string, file: string): readonly string[] {
  const [before, after] = [read(alone), read(file)];
  const own = new Set(victims.flatMap(addressesOf));
  const theirs = new Set(strangers.flatMap(addressesOf));
  const upstreamsOf = (name: string): readonly string[] =>
    (after.upstreams.get(name) ?? []).filter((line) => line.name === 'server').map(({ args }) => args[0]?.replace(/:\d+$/, '') ?? '');
  return [
    ...differences('the settings', before.settings, after.settings),
    ...differences('the status server', before.status, after.status),
    ...[...before.upstreams].flatMap(([name, lines]) => differences(`upstream ${name}`, lines, after.upstreams.get(name))),
    ...[...before.locations].flatMap(([head, block]) =>
      isNobodys(block) ? [] : differences(`location ${head}`, block, after.locations.get(head)),
    ),
    ...[...after.locations].flatMap(([head, block]) => {
      if (before.locations.has(head) && !isNobodys(before.locations.get(head) ?? [])) return [];
      if (isSame(block, pickLocation(before.locations, head))) return [];
      // nginx's own requests to the backend, for a stranger's files.
      if (block.some(({ name }) => name === 'internal')) return [];
      const targets = block.flatMap(({ name, args }) =>
        name === 'proxy_pass' ? [/^https?:\/\/([^/;]+)/.exec(args[0] ?? '')?.[1] ?? ''] : [],
      );
      const reached = targets.flatMap(upstreamsOf);
      return reached.flatMap((address) =>
        own.has(address) || !theirs.has(address) ? [`the new location ${head} reaches ${address}`] : [],
      );
    }),
  ];
}

interface File {
  /** The directives of the routing server besides its routes. */
  readonly settings: readonly Directive[];
  readonly locations: ReadonlyMap<string, readonly Directive[]>;
  readonly upstreams: ReadonlyMap<string, readonly Directive[]>;
  readonly status: readonly Directive[];
}

const isStatus = (block: readonly Directive[]): boolean =>
  block.some(({ name, args }) => name === 'location' && args.includes('/generation'));
const isRoute = ({ name, args: [first = ''] }: Directive): boolean => name === 'location' && (first === '=' || first === '^~');
/** Directives for one kind of location, on behalf of any service. */
const isHelp = ({ name, args: [first = '', second = ''] }: Directive): boolean =>
  name === 'location' && (first.startsWith('@') || second.startsWith('/meet-gen!'));

function read(text: string): File {
  // The path of meet-gen's own requests contains the generation.
  const tree = parseNginx(text.replaceAll(/(?<=meet-gen!live-)[0-9a-f]{16}/g, 'GENERATION'));
  const servers = tree.filter(({ name }) => name === 'server').map(({ block = [] }) => block);
  const routing = servers.find((block) => !isStatus(block)) ?? [];
  return {
    settings: routing.filter((directive) => !isRoute(directive) && !isHelp(directive)),
    locations: new Map(routing.filter((one) => isRoute(one) && !isHelp(one)).map(({ args, block = [] }) => [args.join(' '), block])),
    upstreams: new Map(tree.filter(({ name }) => name === 'upstream').map(({ args, block = [] }) => [args.join(' '), block])),
    status: withoutHash(servers.find(isStatus) ?? []),
  };
}

/** The status server returns the generation. */
function withoutHash(block: readonly Directive[]): readonly Directive[] {
  return block.filter(({ args }) => !args.includes('@generation'));
}

function isNobodys(block: readonly Directive[]): boolean {
  return block.some(({ name, args }) => name === 'return' && args[0] === '503');
}

/** The earlier location of this path: the exact one, else the longest prefix. */
function pickLocation(locations: File['locations'], head: string): readonly Directive[] {
  const path = head.replace(/^\S+ /, '');
  const above = [...locations].filter(([one]) => one.startsWith('^~ ') && path.startsWith(one.slice(3)));
  const [longest] = above.toSorted(([left], [right]) => right.length - left.length);
  return locations.get(`= ${path}`) ?? longest?.[1] ?? [{ name: 'proxy_pass', args: ['http://meet-spa'] }];
}

function addressesOf({ networks }: Container): readonly string[] {
  return networks.flatMap(({ ipv4 }) => ipv4 ?? []);
}

const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

function differences(what: string, before: readonly Directive[], after: readonly Directive[] | undefined): readonly string[] {
  if (isSame(before, after)) return [];
  const [had, has] = [before, after ?? []].map((lines) => lines.map((line) => JSON.stringify(line)));
  const lost = (had ?? []).filter((line) => !(has ?? []).includes(line));
  const won = (has ?? []).filter((line) => !(had ?? []).includes(line));
  return [`${what} changed: ${[...lost.map((line) => `- ${line}`), ...won.map((line) => `+ ${line}`)].join(' ').slice(0, 500)}`];
}

function firstDifference(left: string, right: string): string {
  const [before, after] = [left.split('\n'), right.split('\n')];
  const at = before.findIndex((line, index) => line !== after[index]);
  return `${before[at] ?? ''} | ${after[at] ?? ''}`;
}
