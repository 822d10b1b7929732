import type { NginxSeries } from '../../providers/engine/stand-ins.ts';
import type { Answer } from './ask.ts';
import { describeRequest, type SeedRequest } from './requests.ts';

/** The field that holds who answered; where it differs, all else does and says nothing more. */
const answeredBy = 'answered by';

/** What the backend does when somebody connects. */
export type BackendState = 'answers' | 'refuses' | 'hangs up';

/** A request together with what both configurations made of it. */
export interface Comparison {
  readonly series: NginxSeries;
  readonly backend: BackendState;
  readonly request: SeedRequest;
  readonly seed: Answer;
  readonly ours: Answer;
}

/** A difference on purpose: for which requests, in which field, from what to what, and why. */
export interface Difference {
  readonly what: string;
  readonly seed: string;
  readonly ours: string;
  readonly why: string;
  readonly field: string;
  /** The only nginx with this difference; all of them otherwise. */
  readonly series?: NginxSeries;
  /** Whether this request is answered differently; then the values must be exactly `values`. */
  readonly appliesTo: (compared: Comparison) => boolean;
  /** Undefined for a field that is not there. */
  readonly values: (compared: Comparison) => readonly [seed: string | undefined, ours: string | undefined];
}

const bothReachAnUpstream = ({ seed, ours }: Comparison): boolean => seed.by === ours.by && !seed.by.startsWith('nginx');
const bothReach =
  (upstream: string) =>
  ({ seed, ours }: Comparison): boolean =>
    seed.by === upstream && ours.by === upstream;
const usesKeptConnections = ({ request: { method, body } }: Comparison): boolean => /^(GET|HEAD)$/.test(method) && body === undefined;
const badGateway = 'nginx: 502 text/html; charset=utf-8';
const unavailable = 'nginx: 503 text/plain; charset=utf-8, Retry-After: 5';

/** Every difference there may be between the seed's configuration and ours; `docs/differences.md` is made of it. */
export const differences: readonly Difference[] = [
  {
    what: 'A room, or any other page, whose name begins like a path of the backend: `/api-abcd-efg`, `/webhooks`',
    seed: 'goes to the backend, which answers 404',
    ours: 'goes to the SPA; `/api` means `/api` and `/api/…`',
    why: 'one generated room in 17,576 was unreachable',
    field: answeredBy,
    appliesTo: ({ request, backend }) => request.kind === 'begins like a path' && backend === 'answers',
    values: () => ['backend', 'SPA'],
  },
  {
    what: '`/external-api`, `/jwks`, `/__lbheartbeat__`',
    seed: 'answered by the SPA, with HTML and status 200',
    ours: 'go to the backend',
    why: "Meet's backend serves them",
    field: answeredBy,
    appliesTo: ({ request }) => request.kind === 'new path',
    values: () => ['SPA', 'backend'],
  },
  {
    what: '`/media/recordings/…`, `/media/files/…`, as long as no S3 is labelled',
    seed: 'answered by the SPA, with HTML and status 200',
    ours: '503 with `Retry-After: 5`',
    why: 'they are kept for `meet.role=media`: no other way to recordings may be opened by accident',
    field: answeredBy,
    appliesTo: ({ request }) => request.path.startsWith('/media/recordings/'),
    values: () => ['SPA', unavailable],
  },
  {
    what: "The backend's paths while no backend accepts connections",
    seed: 'bare 502',
    ours: '503 with `Retry-After: 5`',
    why: 'a backend that boots or is being replaced is no error: clients may come back',
    field: answeredBy,
    appliesTo: ({ seed, backend }) => backend === 'refuses' && seed.by.startsWith('nginx: 502'),
    values: () => [badGateway, unavailable],
  },
  {
    what: 'GET and HEAD on the backend’s paths that the backend ends without an answer, as one that stops does',
    seed: 'bare 502',
    ours: '503 with `Retry-After: 5`; every other method keeps 502',
    why: 'reading changes nothing, so clients may come back',
    field: answeredBy,
    appliesTo: ({ request, seed, backend }) => backend === 'hangs up' && seed.by === badGateway && /^(GET|HEAD)$/.test(request.method),
    values: () => [badGateway, unavailable],
  },
  {
    what: '`X-Forwarded-Proto`, to the SPA',
    seed: "the client's own, or none",
    ours: '`https`, as to the backend',
    why: 'one rule for all upstreams; what a client says about the scheme is not passed on',
    field: "upstream's x-forwarded-proto",
    appliesTo: (compared) => bothReach('SPA')(compared) && compared.request.headers['X-Forwarded-Proto'] !== 'https',
    values: ({ request }) => [request.headers['X-Forwarded-Proto'], 'https'],
  },
  {
    what: '`X-Original-URL` from a client',
    seed: 'passed on',
    ours: 'cleared',
    why: 'only nginx itself may say what was asked for: the backend grants access to media by it',
    field: "upstream's x-original-url",
    appliesTo: (compared) => bothReachAnUpstream(compared) && compared.request.headers['X-Original-URL'] !== undefined,
    values: ({ request }) => [request.headers['X-Original-URL'], undefined],
  },
  {
    what: 'HTTP version between nginx and its upstreams, with nginx before 1.29.7',
    seed: '1.0, that nginx’s default',
    ours: '1.1',
    why: 'spelled out, so that every nginx does the same',
    field: "upstream's http-version",
    series: '1.22',
    appliesTo: bothReachAnUpstream,
    values: () => ['1.0', '1.1'],
  },
  {
    what: '`Connection` between nginx and its upstreams, with nginx before 1.29.7, for GET and HEAD without a body',
    seed: '`close`: a new connection for each request, that nginx’s default',
    ours: 'none: connections are kept open for a moment',
    why: 'a new connection each time makes a route three times slower; what fails on a kept one is sent again, as only these methods allow',
    field: "upstream's connection",
    series: '1.22',
    appliesTo: (compared) => bothReachAnUpstream(compared) && usesKeptConnections(compared),
    values: () => ['close', undefined],
  },
  {
    what: '`Connection` between nginx and its upstreams, with nginx from 1.29.7 on, for all other requests',
    seed: 'none: connections may be kept open, that nginx’s default',
    ours: '`close`: a new connection for each request',
    why: 'a stopping service closes kept connections, and what is sent just then would be lost',
    field: "upstream's connection",
    series: '1.30',
    appliesTo: (compared) => bothReachAnUpstream(compared) && !usesKeptConnections(compared),
    values: () => [undefined, 'close'],
  },
  {
    what: 'The host name `meet-gen.invalid`',
    seed: 'answered like any other',
    ours: '503',
    why: "the stub's servers have it, and nobody else can: `.invalid` is reserved (RFC 2606)",
    field: answeredBy,
    appliesTo: ({ request }) => request.kind === 'reserved host',
    values: () => ['SPA', 'nginx: 503 text/html'],
  },
];

/** Differences that no single request shows; tests of their own do. */
const otherDifferences: readonly Pick<Difference, 'what' | 'seed' | 'ours' | 'why'>[] = [
  {
    what: 'nginx starts while the name `backend` can’t be resolved',
    seed: 'it does not: `host not found in upstream`',
    ours: 'it does, and the backend’s paths say 503 until there is one',
    why: 'upstreams hold the addresses of live containers, never names',
  },
  {
    what: 'Request bodies of 1 MB and more, and answers larger than that',
    seed: 'a body of up to 100 MB and an answer of up to 1 GB wait in nginx’s temporary files',
    ours: 'streamed; what one side doesn’t take yet waits at the other',
    why: 'the temporary files are in /tmp, which is memory where the root is read-only (`docs/routed-path.md`, large bodies)',
  },
];

/** Differences that the table doesn't have, and those it has that aren't there: a line each, none when all is as told. */
export function unexplained(compared: Comparison, table: readonly Difference[] = differences): readonly string[] {
  const seen = differingFields(compared);
  const told = new Map(entriesFor(compared, table).map((entry) => [entry.field, entry.values(compared)]));
  return [...new Set([...seen.keys(), ...told.keys()])].flatMap((field) => {
    const [seen1, told1] = [seen.get(field), told.get(field)].map((values) => (values === undefined ? 'the same' : show(values)));
    return seen1 === told1 ? [] : [`${describeRequest(compared.request)}\n  ${field}: ${seen1}; the table says: ${told1}`];
  });
}

/** The entries of the table that this comparison bears out. */
export function bornOut(compared: Comparison, table: readonly Difference[] = differences): readonly Difference[] {
  const seen = differingFields(compared);
  return entriesFor(compared, table).filter((entry) => seen.has(entry.field));
}

function entriesFor(compared: Comparison, table: readonly Difference[]): readonly Difference[] {
  return table.filter((entry) => (entry.series ?? compared.series) === compared.series && entry.appliesTo(compared));
}

type Values = readonly [seed: string | undefined, ours: string | undefined];

function differingFields({ seed, ours }: Comparison): ReadonlyMap<string, Values> {
  if (seed.by !== ours.by) return new Map([[answeredBy, [seed.by, ours.by]]]);
  const fields = [...new Set([...Object.keys(seed.fields), ...Object.keys(ours.fields)])];
  return new Map(
    fields.flatMap((field): [string, Values][] => {
      const [left, right] = [seed.fields[field], ours.fields[field]];
      return left === right ? [] : [[field, [left, right]]];
    }),
  );
}

function show([seed, ours]: Values): string {
  return `${seed === undefined ? 'none' : JSON.stringify(seed)} → ${ours === undefined ? 'none' : JSON.stringify(ours)}`;
}

/** The page that tells users. After a wanted change: `npx vitest run -u --project engine test/e2e/seed`, then read the diff. */
export function differencesPage(): string {
  const rows = [...differences, ...otherDifferences].map(({ what, seed, ours, why }) => `| ${what} | ${seed} | ${ours} | ${why} |`);
  return [
    '# What changes with meet-gen',
    '',
    'The routing that meet-gen renders for `compose.example.yml`, against the hand-written `nginx-routing.conf` of the guide. Made from',
    'the table in `test/e2e/seed/differences.ts`: both are loaded into nginx 1.22 and 1.30 and asked the same requests. Whatever is not',
    'in the table is the same: the upstream, the headers it sees, status, content type, headers and body.',
    '',
    '| what | by hand | meet-gen | why |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
