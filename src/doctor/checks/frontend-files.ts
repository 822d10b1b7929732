import { parseHosts } from '../../nginx/token.ts';
import type { Facts, FrontendFacts, Inspection, Subject } from '../facts/facts.ts';
import { composeLines, frontendEach, inspectEach, portsOf, recreate, routingFrontends, sidecarsOf, virtualHostsOf } from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';
import { isLoopback, listensOn, serversIn } from '../../nginx/servers.ts';
import type { NginxServer } from '../../nginx/servers.ts';
import { judgeStub } from '../facts/stub.ts';
import { isSwarmTask } from '../facts/swarm.ts';

const confDirectory = '/etc/nginx/conf.d';
const stubFile = `${confDirectory}/routing.conf`;
const templatesDirectory = '/etc/nginx/templates';
const routingDirectory = '/etc/nginx/meet-routing';
const stubLines = ['configs:', '  - source: routing-stub', `    target: ${stubFile}`];
const stubSource = 'compose.example.yml has the text of routing-stub';

export const frontendFileChecks: readonly Check[] = [
  {
    id: 'conf-d-hidden',
    title: "no mount hides the frontend's /etc/nginx/conf.d",
    symptom: '502 on all routes, or 503 on every page.',
    looksAt: "the frontend's mounts",
    why: "a mount there hides the image's default.conf, which serves the SPA on 8080",
    cure: 'Mount the shared volume at `/etc/nginx/meet-routing`, and the stub alone at `/etc/nginx/conf.d/routing.conf`.',
    weight: 'failure',
    run: (facts) => inspectEach(routingFrontends(facts.subjects), judgeConfDMount),
  },
  {
    id: 'stub',
    title: 'the frontend has the stub at /etc/nginx/conf.d/routing.conf',
    symptom:
      '502 on all routes, since no server listens on 8083. Or new addresses never go live, since the hand-written file is still in use.',
    looksAt: 'the file in the frontend',
    why: 'the stub makes nginx read the published routing.conf, and answers on 8083 and 8084 before the first one is published',
    cure: 'Mount the stub of compose.example.yml, unchanged. A changed inline config needs `--force-recreate`.',
    weight: 'failure',
    run: (facts) => frontendEach(facts, judgeStubFile),
  },
  {
    id: 'routing-mount',
    title: 'the frontend mounts the volume that meet-gen publishes to',
    symptom: '503 on all routes although meet-gen is healthy.',
    looksAt: "the frontend's mount at /etc/nginx/meet-routing, against meet-gen's mounts",
    why: 'the published file reaches the frontend only through a shared volume',
    cure: 'Mount the same volume in both: at `/etc/nginx/meet-routing:ro` in the frontend, at `/routing` in meet-gen.',
    weight: 'failure',
    run: (facts) => inspectEach(routingFrontends(facts.subjects), (subject, inspection) => judgeRoutingMount(facts, subject, inspection)),
  },
  {
    id: 'single-file-mount',
    title: 'routing.conf is not mounted as a single file, or the mount shows the current file',
    symptom: 'New addresses never reach nginx, even after reloads: 502 after the next redeploy.',
    looksAt: 'single files mounted into the frontend, and whether the container still sees the current file',
    why: 'when an editor or meet-gen replaces a mounted file, a running container keeps the old file',
    cure: 'Mount the directory (the volume at `/etc/nginx/meet-routing`, and the stub) instead of the file. Until then, recreate the frontend.',
    weight: 'failure',
    run: (facts) => frontendEach(facts, (subject, frontend) => judgeSingleFile(facts, subject, frontend)),
  },
  {
    id: 'rival-server',
    title: "no other server answers in place of meet-gen's",
    symptom: 'All instances are live, but visitors get other routes: old addresses, 413 for uploads, the SPA for `/jwks`.',
    looksAt:
      'servers in conf.d that listen on the routing or status port, and mounts at /etc/nginx/templates, from which the image renders servers',
    why: 'if two servers have the same name and port, nginx uses the first by file name, and ignores the second with a warning',
    cure: "Remove the mount (Meet's own compose file has one at `/etc/nginx/templates`) or the file whose server listens on 8083 or 8084.",
    weight: 'failure',
    run: (facts) => frontendEach(facts, judgeRivals),
  },
];

function judgeConfDMount(subject: Subject, { mounts }: Inspection): Outcome {
  const over = mounts.find(({ destination }) => destination === confDirectory || destination === '/etc/nginx');
  if (over === undefined) return ok;
  return finding(
    subject,
    `a ${over.type} is mounted over ${over.destination}, which hides the image's own files`,
    `move the mount to ${routingDirectory}; ${stubSource}`,
    {
      paste: [...composeLines(subject, ['volumes:', `  - routing:${routingDirectory}:ro`, ...stubLines]), '', recreate(subject)],
    },
  );
}

function judgeStubFile(subject: Subject, { confD, status }: FrontendFacts): Outcome {
  // A Swarm config can be read only from inside. Only the stub and the published file answer at /generation.
  if (!confD.known && isSwarmTask(subject.container) && status.kind === 'generation') return ok;
  if (!confD.known) return unchecked(`${subject.container.name}: ${confD.why}`);
  const ports = portsOf(subject);
  const paste = [...composeLines(subject, stubLines), '', recreate(subject)];
  const texts = [...confD.value].filter(([name]) => name.endsWith('.conf'));
  const verdicts = texts.map(([, text]) => judgeStub(text, ports));
  // The stub may have any file name.
  if (verdicts.some(({ kind }) => kind === 'good' || kind === 'rendered')) return ok;
  const unless = ['conf-d-hidden'];
  const [file, text] = texts.find(([name]) => name === 'routing.conf') ?? texts.find(([, other]) => listensOn(other, ports.listen)) ?? [];
  if (file === undefined || text === undefined) {
    return finding(subject, `${stubFile} is missing, so no server listens on ${ports.listen}`, `mount the stub; ${stubSource}`, {
      paste,
      unless,
    });
  }
  const verdict = judgeStub(text, ports);
  if (verdict.kind === 'hand-written') {
    const what = `${confDirectory}/${file} has hand-written routes with names of containers, which nginx looks up only once`;
    const source = templatesOf(subject).find((path) => rendersFile(path, file));
    const removal = source === undefined ? '' : `, and remove the mount at ${source}`;
    return finding(subject, what, `replace the file by the stub${removal}; ${stubSource}`, { paste, unless });
  }
  const faults = verdict.kind === 'changed' ? verdict.faults : [];
  return finding(
    subject,
    `${confDirectory}/${file} is not the stub: ${faults.join('; ')}`,
    `replace the file by the unchanged stub; ${stubSource}`,
    {
      paste,
      unless,
    },
  );
}

function judgeRoutingMount(facts: Facts, subject: Subject, { mounts }: Inspection): Outcome {
  if (mounts.some(({ destination }) => destination === stubFile) && isRenderedFile(facts, subject)) return ok;
  const mount = mounts.find(({ destination }) => destination === routingDirectory || destination.startsWith(`${routingDirectory}/`));
  const paste = [...composeLines(subject, ['volumes:', `  - routing:${routingDirectory}:ro`]), '', recreate(subject)];
  const unless = ['conf-d-hidden'];
  if (mount === undefined) {
    return finding(
      subject,
      `no volume is mounted at ${routingDirectory}, so nginx can't read the published file`,
      'mount the shared volume',
      { paste, unless },
    );
  }
  const writers = sidecarsOf(facts, subject).flatMap(({ inspection }) => (inspection.known ? [inspection.value] : []));
  if (writers.length === 0) return ok;
  const isShared = writers.some((writer) =>
    writer.mounts.some(({ source }) => source !== '' && (mount.source === source || mount.source.startsWith(`${source}/`))),
  );
  if (isShared) return ok;
  return finding(
    subject,
    `the mount at ${routingDirectory} is not the volume that meet-gen publishes to`,
    'mount the same volume in both containers',
    { paste, unless },
  );
}

function isRenderedFile(facts: Facts, { container, ...subject }: Subject): boolean {
  const confD = facts.frontends.get(container.id)?.confD;
  const text = confD?.known === true ? confD.value.get('routing.conf') : undefined;
  return text !== undefined && judgeStub(text, portsOf({ container, ...subject })).kind === 'rendered';
}

function judgeSingleFile(facts: Facts, subject: Subject, { confD }: FrontendFacts): Outcome {
  const { inspection } = subject;
  if (!inspection.known) return unchecked(`${subject.container.name}: ${inspection.why}`);
  const files = inspection.value.mounts.filter(({ destination }) => /^\/etc\/nginx\/(conf\.d|meet-routing)\/.*\.conf$/.test(destination));
  if (files.length === 0) return ok;
  const stale = facts.staleMounts.get(subject.container.id);
  const found = stale?.known === true ? stale.value.find((file) => files.some(({ destination }) => destination === file)) : undefined;
  const better = `mount the volume at ${routingDirectory} and the stub, as in compose.example.yml`;
  if (found !== undefined) {
    const what = `${found} was replaced on the host after the container started: nginx still reads the old file`;
    return finding(subject, what, `recreate the frontend now; to prevent this, ${better}`, { paste: [recreate(subject)] });
  }
  const text = confD.known ? confD.value.get('routing.conf') : undefined;
  if (text !== undefined && judgeStub(text, portsOf(subject)).kind === 'rendered') {
    return finding(subject, `meet-gen publishes into a file that is mounted as a single file at ${stubFile}`, better, {
      severity: 'warning',
      paste: composeLines(subject, ['volumes:', `  - routing:${routingDirectory}:ro`, ...stubLines]),
    });
  }
  if (stale === undefined || !stale.known) return unchecked(`${subject.container.name}: ${stale?.why ?? 'its mounts were not read'}`);
  return ok;
}

/** A server of another file on a port of meet-gen's servers. */
interface Rival {
  readonly file: string;
  readonly server: NginxServer;
  readonly port: number;
  /** Whether the rival answers visitors. Otherwise it answers only its own name, or only on loopback. */
  readonly wins: boolean;
}

function judgeRivals(subject: Subject, { confD }: FrontendFacts): Outcome {
  if (!confD.known) return unchecked(`${subject.container.name}: ${confD.why}`);
  const rivals = rivalsIn(confD.value, subject);
  const rival = rivals.find(({ wins }) => wins) ?? rivals[0];
  if (rival !== undefined) return rivalFinding(subject, rival);
  const files = [...confD.value.keys()];
  const template = templatesOf(subject).find((path) => !files.some((file) => isRenderedFrom(path, file)));
  if (template === undefined) return ok;
  const what = `${template} is mounted but not rendered into ${confDirectory}: the image renders it as soon as that folder is writable`;
  return finding(subject, what, 'remove that mount, then recreate the frontend', {
    severity: 'warning',
    paste: [recreate(subject)],
    unless: ['stub'],
  });
}

/** Rivals in the order in which nginx reads the files; empty without a stub. */
function rivalsIn(files: ReadonlyMap<string, string>, subject: Subject): readonly Rival[] {
  const ports = portsOf(subject);
  const texts = [...files].filter(([name]) => /^[^./][^/]*\.conf$/.test(name)).toSorted(([left], [right]) => (left < right ? -1 : 1));
  const ours = texts.filter(([, text]) => ['good', 'rendered'].includes(judgeStub(text, ports).kind)).map(([name]) => name);
  const [first] = ours;
  if (first === undefined) return [];
  const others = texts.filter(([name]) => !ours.includes(name));
  return others.flatMap(([file, text]) =>
    serversIn(text).flatMap((server) =>
      server.listens
        .filter(({ port }) => port === ports.listen || port === ports.status)
        .map((listen) => {
          const isFirst = listen.isDefault || file < first;
          const wins = listen.port === ports.status ? isFirst : winsVisitors(subject, server.names, file < first, isFirst);
          return { file, server, port: listen.port, wins: wins && !isLoopback(listen) };
        }),
    ),
  );
}

/**
 * Whether the rival wins for a host that visitors send: an exact name wins over the default (ngx_http_core_module,
 * server_name).
 */
function winsVisitors(subject: Subject, names: readonly string[], isBefore: boolean, isDefault: boolean): boolean {
  const ours = parseHosts(subject.container.labels['meet.host'] ?? '') ?? [];
  const hosts = [...new Set([...ours, ...virtualHostsOf(subject)])];
  if (hosts.length === 0) return isDefault;
  return hosts.some((host) => {
    if (ours.includes(host)) return names.includes(host) && isBefore;
    return isDefault || names.some((name) => name === host || (/^\*?\./.test(name) && `.${host}`.endsWith(name.replace('*', ''))));
  });
}

function rivalFinding(subject: Subject, { file, server, port, wins }: Rival): Outcome {
  const source = templatesOf(subject).find((path) => rendersFile(path, file));
  const name = server.names[0] === undefined ? 'a server without a name' : `the server "${server.names[0]}"`;
  const rendered = source === undefined ? '' : `, rendered from ${source},`;
  const answers = wins ? "answers in place of meet-gen's server" : "shares the port with meet-gen's server";
  const cure =
    source === undefined
      ? `remove that server, or the mount that puts ${file} there, then recreate the frontend`
      : `remove the mount at ${source} from compose, then recreate the frontend`;
  return finding(subject, `${name} on ${port} in ${confDirectory}/${file}${rendered} ${answers}`, cure, {
    ...(wins ? {} : { severity: 'warning' as const }),
    paste: [recreate(subject)],
    unless: ['conf-d-hidden'],
  });
}

function rendersFile(template: string, file: string): boolean {
  return template === templatesDirectory || template === `${templatesDirectory}/${file}.template`;
}

/**
 * Whether the image rendered the file from this template. The image's own file and the stub don't come from the folder.
 */
function isRenderedFrom(template: string, file: string): boolean {
  return rendersFile(template, file) && (template !== templatesDirectory || !['default.conf', 'routing.conf'].includes(file));
}

/** The mounts of templates: the folder, or single files. */
function templatesOf({ inspection }: Subject): readonly string[] {
  const mounts = inspection.known ? inspection.value.mounts : [];
  return mounts
    .map(({ destination }) => destination)
    .filter((path) => path === templatesDirectory || path.startsWith(`${templatesDirectory}/`));
}
