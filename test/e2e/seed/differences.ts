import type { NginxSeries } from '../../providers/engine/stand-ins.ts';
import type { Answer } from './ask.ts';
import { describeRequest, type SeedRequest } from './requests.ts';

/** The field with the answering server. If it differs, the other fields aren't compared. */
const answeredBy = 'answered by';

/** The backend's reaction to a connection. */
export type BackendState = 'answers' | 'refuses' | 'hangs up';

/** A request, and the answers of both configurations. */
export interface Comparison {
  readonly series: NginxSeries;
  readonly backend: BackendState;
  readonly request: SeedRequest;
  readonly seed: Answer;
  readonly ours: Answer;
}

/** An intended difference: requests, field, values and reason. */
export interface Difference {
  readonly what: string;
  readonly seed: string;
  readonly ours: string;
  readonly why: string;
  readonly field: string;
  /** The only nginx with this difference. Default: all. */
  readonly series?: NginxSeries;
  /** True if this request has the difference. Then the values must be exactly `values`. */
  readonly appliesTo: (compared: Comparison) => boolean;
  /** Undefined for a missing field. */
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

/** Every difference between the seed's configuration and meet-gen's. `docs/differences.md` is generated from it. */
export const differences: readonly Difference[] = [
  {
    what: 'A room, or another page, with a name that begins like a path of the backend: `/api-abcd-efg`, `/webhooks`',
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
    what: '`/media/recordings/…`, `/media/files/…`, while no S3 is labelled',
    seed: 'answered by the SPA, with HTML and status 200',
    ours: '503 with `Retry-After: 5`',
    why: 'they are reserved for `meet.role=media`, so that no other route opens the recordings by accident',
    field: answeredBy,
    appliesTo: ({ request }) => request.path.startsWith('/media/recordings/'),
    values: () => ['SPA', unavailable],
  },
  {
    what: "The backend's paths while no backend accepts connections",
    seed: 'bare 502',
    ours: '503 with `Retry-After: 5`',
    why: 'a backend that starts or is being replaced is no error: clients may retry',
    field: answeredBy,
    appliesTo: ({ seed, backend }) => backend === 'refuses' && seed.by.startsWith('nginx: 502'),
    values: () => [badGateway, unavailable],
  },
  {
    what: 'GET and HEAD on the backend’s paths, if the backend closes the connection without an answer, as it does at a stop',
    seed: 'bare 502',
    ours: '503 with `Retry-After: 5`; every other method keeps 502',
    why: 'reading changes nothing, so clients may retry',
    field: answeredBy,
    appliesTo: ({ request, seed, backend }) => backend === 'hangs up' && seed.by === badGateway && /^(GET|HEAD)$/.test(request.method),
    values: () => [badGateway, unavailable],
  },
  {
    what: '`X-Forwarded-Proto`, to the SPA',
    seed: "the client's own, or none",
    ours: '`https`, as to the backend',
    why: 'one rule for all upstreams; nginx doesn’t pass on a client’s own scheme',
    field: "upstream's x-forwarded-proto",
    appliesTo: (compared) => bothReach('SPA')(compared) && compared.request.headers['X-Forwarded-Proto'] !== 'https',
    values: ({ request }) => [request.headers['X-Forwarded-Proto'], 'https'],
  },
  {
    what: '`X-Original-URL` from a client',
    seed: 'passed on',
    ours: 'cleared',
    why: 'only nginx itself may set it, since the backend grants access to media by it',
    field: "upstream's x-original-url",
    appliesTo: (compared) => bothReachAnUpstream(compared) && compared.request.headers['X-Original-URL'] !== undefined,
    values: ({ request }) => [request.headers['X-Original-URL'], undefined],
  },
  {
    what: 'HTTP version between nginx and its upstreams, with nginx before 1.29.7',
    seed: '1.0, that nginx’s default',
    ours: '1.1',
    why: 'set explicitly, so that every nginx does the same',
    field: "upstream's http-version",
    series: '1.22',
    appliesTo: bothReachAnUpstream,
    values: () => ['1.0', '1.1'],
  },
  {
    what: '`Connection` between nginx and its upstreams, with nginx before 1.29.7, for GET and HEAD without a body',
    seed: '`close`: a new connection for each request, that nginx’s default',
    ours: 'none: connections stay open for a moment',
    why: 'a new connection each time makes a route three times slower; nginx repeats a request that fails on a kept one, which only these methods allow',
    field: "upstream's connection",
    series: '1.22',
    appliesTo: (compared) => bothReachAnUpstream(compared) && usesKeptConnections(compared),
    values: () => ['close', undefined],
  },
  {
    what: '`Connection` between nginx and its upstreams, with nginx from 1.29.7 on, for all other requests',
    seed: 'none: connections may stay open, that nginx’s default',
    ours: '`close`: a new connection for each request',
    why: 'a stopping service closes kept connections, and a request sent at that moment would be lost',
    field: "upstream's connection",
    series: '1.30',
    appliesTo: (compared) => bothReachAnUpstream(compared) && !usesKeptConnections(compared),
    values: () => [undefined, 'close'],
  },
  {
    what: 'The host name `meet-gen.invalid`',
    seed: 'answered like any other',
    ours: '503',
    why: "the stub's servers have it, and no real host can: `.invalid` is reserved (RFC 2606)",
    field: answeredBy,
    appliesTo: ({ request }) => request.kind === 'reserved host',
    values: () => ['SPA', 'nginx: 503 text/html'],
  },
];

/** Differences that no single request shows. Other tests show them. */
const otherDifferences: readonly Pick<Difference, 'what' | 'seed' | 'ours' | 'why'>[] = [
  {
    what: 'nginx starts while the name `backend` can’t be resolved',
    seed: 'nginx does not start: `host not found in upstream`',
    ours: 'nginx starts, and the backend’s paths answer 503 until there is a backend',
    why: 'upstreams hold the addresses of live containers, never names',
  },
  {
    what: 'Request bodies of 1 MB and more, and answers larger than that',
    seed: 'a body of up to 100 MB and an answer of up to 1 GB wait in nginx’s temporary files',
    ours: 'streamed; the rest waits at the sender',
    why: 'the temporary files are in /tmp, which is memory if the root is read-only (`docs/routed-path.md`, large bodies)',
  },
];

/** @returns a line for each difference that is missing from the table, or only in the table */
export function unexplained(compared: Comparison, table: readonly Difference[] = differences): readonly string[] {
  const seen = differingFields(compared);
  const listed = new Map(entriesFor(compared, table).map((entry) => [entry.field, entry.values(compared)]));
  return [...new Set([...seen.keys(), ...listed.keys()])].flatMap((field) => {
    const [actual, expected] = [seen.get(field), listed.get(field)].map((values) => (values === undefined ? 'the same' : show(values)));
    return actual === expected ? [] : [`${describeRequest(compared.request)}\n  ${field}: ${actual}; the table has: ${expected}`];
  });
}

/** The entries of the table that this comparison shows. */
export function shownEntries(compared: Comparison, table: readonly Difference[] = differences): readonly Difference[] {
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

/**
 * The page for users. After an intended change: `npx vitest run -u --project engine test/e2e/seed`, then read the diff.
 */
export function differencesPage(): string {
  const rows = [...differences, ...otherDifferences].map(({ what, seed, ours, why }) => `| ${what} | ${seed} | ${ours} | ${why} |`);
  return [
    '# What changes with meet-gen',
    '',
    'For visitors almost nothing changes: some paths reach the backend instead of the SPA, and a missing backend is 503, not',
    '502. The table has every difference between the hand-written `nginx-routing.conf` of the guide and the routing that',
    'meet-gen renders for `compose.example.yml`.',
    '',
    'A test generates the table (`test/e2e/seed/differences.ts`). It loads both files into nginx 1.22 and 1.30 and sends both',
    'the same requests. Everything else is the same: the upstream and its request headers, status, content type, headers and',
    'body.',
    '',
    '| what | by hand | meet-gen | why |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
