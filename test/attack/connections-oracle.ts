import type { Directive } from '../support/nginx-parse.ts';

// The rules for kept connections and large bodies, from the documentation. Only GET and HEAD use kept connections. All
// ways of a location lead to the same servers with the same times. A large body passes no guard.

const suffix = '~kept';
/** Directives that count an upstream's connections. With two upstreams each would count only half. */
const counting: ReadonlySet<string> = new Set(['least_conn', 'random']);

/** The broken rules of a file, as lines of text; empty for a good file. */
export function brokenConnections(tree: readonly Directive[]): readonly string[] {
  const upstreams = new Map(tree.filter(({ name }) => name === 'upstream').map(({ args, block = [] }) => [args.join(' '), block]));
  const locations = tree.flatMap(({ name, block = [] }) => (name === 'server' ? block.filter((one) => one.name === 'location') : []));
  const byName = new Map(locations.map(({ args, block = [] }) => [args.join(' '), block]));
  return [
    ...[...upstreams].flatMap(([name, block]) => (name.endsWith(suffix) ? wrongUpstream(name, block, upstreams) : [])),
    ...[...byName].flatMap(([rule, block]) => wrongLocation(rule, block, byName)),
  ];
}

function wrongUpstream(name: string, block: readonly Directive[], upstreams: ReadonlyMap<string, readonly Directive[]>): readonly string[] {
  const plain = upstreams.get(name.slice(0, -suffix.length)) ?? [];
  return [
    ...(serversOf(block) === serversOf(plain) ? [] : [`${name} has other servers than the upstream that it is made of`]),
    ...(block.some((one) => counting.has(one.name) || /\bmax_conns=/.test(lineOf(one))) ? [`${name} halves what is counted`] : []),
  ];
}

function wrongLocation(rule: string, block: readonly Directive[], byName: ReadonlyMap<string, readonly Directive[]>): readonly string[] {
  const to = passOf(block);
  const ways = block.filter(({ name, args: [when = ''] }) => name === 'if' && ['($meet_kept)', '($meet_large)'].includes(when));
  const fresh = block.find(({ name, args }) => name === 'set' && args[0] === '$meet_fresh')?.args[1] ?? '';
  const isGuarded = block.some(({ name }) => name === 'deny');
  return ways.flatMap(({ args, block: inner = [] }) => {
    const when = args.join(' ');
    const freshBlock = byName.get(fresh) ?? [];
    return [
      ...(when === '($meet_large)' && isGuarded ? [`${rule} lets a large body out before its guard`] : []),
      ...(when === '($meet_kept)' && passOf(inner) !== `${to?.replace(/^https/, 'http')}${suffix}`
        ? [`${rule} leads to ${to}, and over kept connections to ${passOf(inner)}`]
        : []),
      ...(passOf(freshBlock) === to ? [] : [`${rule} sends on to ${fresh}, which leads elsewhere`]),
      ...(timesOf(freshBlock) === timesOf(block) ? [] : [`${rule} sends on to ${fresh}, which has other times`]),
    ];
  });
}

function passOf(block: readonly Directive[]): string | undefined {
  return block.find(({ name }) => name === 'proxy_pass')?.args.join(' ');
}

function lineOf({ name, args }: Directive): string {
  return [name, ...args].join(' ');
}

/** The servers of an upstream and its method, without the settings of kept connections. */
function serversOf(upstream: readonly Directive[]): string {
  return upstream
    .filter(({ name }) => !name.startsWith('keepalive'))
    .map(lineOf)
    .join('; ');
}

function timesOf(location: readonly Directive[]): string {
  return location
    .filter(({ name }) => /^proxy_.*_timeout$/.test(name))
    .map(lineOf)
    .join('; ');
}
