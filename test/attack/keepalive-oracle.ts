import type { Directive } from '../support/nginx-parse.ts';

// What must hold of kept connections, from the documentation: GET and HEAD alone use them, they lead where all other requests of the
// location lead, and what fails on them is sent once more over a new connection to the same servers.

const suffix = '~keepalive';
/** What counts an upstream's connections, and would count only half of them. */
const counting: ReadonlySet<string> = new Set(['least_conn', 'random']);

/** What of kept connections in a file breaks the rule, in words; empty when all is well. */
export function brokenKeepalive(tree: readonly Directive[]): readonly string[] {
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
  return block.flatMap((one) => {
    const inner = one.block ?? [];
    const pass = passOf(inner);
    if (pass === undefined) return [];
    const retry = inner.find(({ name, args }) => name === 'set' && args[0] === '$meet_retry')?.args[1] ?? '';
    return [
      ...(one.args.join(' ') === '($meet_keepalive)' ? [] : [`${rule} passes on ${one.args.join(' ')}`]),
      ...(pass === `${to}${suffix}` ? [] : [`${rule} leads to ${to}, and over kept connections to ${pass}`]),
      ...(passOf(byName.get(retry) ?? []) === to ? [] : [`${rule} is sent again by ${retry}, which leads elsewhere`]),
      ...(timesOf(byName.get(retry) ?? []) === timesOf(block) ? [] : [`${rule} is sent again by ${retry} with other times`]),
    ];
  });
}

function passOf(block: readonly Directive[]): string | undefined {
  return block.find(({ name }) => name === 'proxy_pass')?.args.join(' ');
}

function lineOf({ name, args }: Directive): string {
  return [name, ...args].join(' ');
}

/** Who is asked and how they are chosen: all of an upstream but how long its connections are kept. */
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
