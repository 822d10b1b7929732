/** The cause of an intended difference in the answer; differences.ts has the table. */
type RequestKind = 'usual' | 'begins like a path' | 'new path' | 'reserved host';

/** A request to both configurations. */
export interface SeedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly kind: RequestKind;
  /** Announced as Content-Length. Beyond the limit nginx answers before the body is sent. */
  readonly body?: { readonly bytes: number; readonly send: boolean };
}

export const publicHost = 'visio.example.com';
const limitBytes = 100 * 1024 * 1024;

const seedPaths = ['/api', '/admin', '/static', '/oidc', '/healthz', '/webhook'];
const newPaths = ['/external-api', '/jwks', '/__lbheartbeat__'];

const request = (path: string, more: Partial<SeedRequest> = {}): SeedRequest => ({
  method: 'GET',
  path,
  headers: {},
  kind: 'usual',
  ...more,
});
const requests = (paths: readonly string[], more: Partial<SeedRequest> = {}): SeedRequest[] => paths.map((path) => request(path, more));

/** Requests for a path in every form. */
function forms(path: string, kind: RequestKind): SeedRequest[] {
  return [
    ...requests([path, `${path}/`, `${path}/v1.0/x.js`, `${path}?x=1&y=%20`, `${path}/?next=/a%2Fb`, `${path}/%C3%A9t%C3%A9/a%2Fb+c`], {
      kind,
    }),
    request(`${path}/below/`, { method: 'POST', body: { bytes: 1000, send: true }, kind }),
  ];
}

const paths: readonly SeedRequest[] = [
  ...seedPaths.flatMap((path) => forms(path, 'usual')),
  ...newPaths.flatMap((path) => forms(path, 'new path')),
  ...requests([
    '/api/v1.0/config/',
    '/api/v1.0/rooms/webhooks-livekit/',
    '/api/v1.0/recordings/storage-hook/',
    '/api/v1.0/callback/?state=a&code=b',
    '/static/assets/missing-1a2b3c.css',
    '/admin/login/?next=/admin/',
  ]),
  ...requests([
    '/',
    '/?x',
    '/abc-defg-hij',
    '/abc-defg-hij?key=%C3%A9',
    '/ABC1234xyz',
    '/feedback',
    '/recording/4b6a63c3-4ab6-4ef2-8d8c-4a2f5b6f2f11',
  ]),
  ...requests([
    '/sdk/create-button',
    '/a/deep/unknown/path',
    '/assets/index-1a2b3c.js',
    '/favicon.ico',
    '/robots.txt',
    '/API/v1.0/config/',
  ]),
  ...requests(['/__heartbeat__', '/__version__', '/media/recordings/1.mp4', '/.well-known/acme', '/login/api/', '/x?/api/v1.0/config/']),
  ...requests(
    [
      '/api-abcd-efg',
      '/static-xyz',
      '/admin-abcd-efg',
      '/oidc-abcd-efg',
      '/administration',
      '/api.json',
      '/apis/v1.0/config/',
      '/webhooks',
      '/healthzz?x',
      '/api%2Dabcd-efg',
    ],
    { kind: 'begins like a path' },
  ),
];

const oddPaths: readonly SeedRequest[] = [
  ...requests(['//', '//api/v1.0/config/', '/api//v1.0//config/', '/./api/v1.0/config/', '/x/../api/v1.0/config/', '/api/../abc-defg-hij']),
  ...requests([
    '/api/v1.0/config/.',
    '/api/v1.0./',
    '/abc-defg-hij.',
    '/%61pi/v1.0/config/',
    '/api%2Fv1.0/config/',
    '/x/%2E%2E/api/v1.0/config/',
  ]),
  ...requests([
    '/api/a%20b',
    '/api/%E2%82%AC',
    '/api/%ff',
    '/api/%00',
    '/..',
    '/api/%zz',
    '/api/\'"<>',
    '/api/$uri',
    '/api/{x}',
    '/abc$request_uri',
  ]),
  request(`/api/${'x'.repeat(3000)}`),
  request(`/api/v1.0/${'x'.repeat(9000)}`),
  ...requests(['/api.', '/api;x', '/static..', '/api%3Bx'], { kind: 'begins like a path' }),
];

const methods: readonly SeedRequest[] = ['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'].flatMap((method) => [
  request('/api/v1.0/rooms/', { method }),
  request('/abc-defg-hij', { method }),
]);

const hosts: readonly SeedRequest[] = [
  ...[
    `${publicHost}:8443`,
    publicHost.toUpperCase(),
    'evil.example.com',
    '[::1]:8083',
    'localhost',
    '192.0.2.7',
    `${publicHost}.`,
    'a b',
  ].flatMap((Host) => [request('/api/v1.0/config/', { headers: { Host } }), request('/abc-defg-hij', { headers: { Host } })]),
  request('/abc-defg-hij', { headers: { Host: 'meet-gen.invalid' }, kind: 'reserved host' }),
];

const clientHeaders: readonly SeedRequest[] = (
  [
    { 'X-Forwarded-For': '203.0.113.9' },
    { 'X-Forwarded-For': '203.0.113.9, 198.51.100.1' },
    { 'X-Forwarded-Proto': 'http' },
    { 'X-Forwarded-Proto': 'https' },
    {
      'X-Forwarded-Host': 'evil.example.com',
      'X-Forwarded-Port': '1',
      'X-Real-IP': '203.0.113.9',
      Forwarded: 'for=203.0.113.9;proto=http',
    },
    { 'X-Original-URL': '/media/recordings/stolen.mp4' },
    { 'X-Original-Method': 'GET', 'X-Accel-Redirect': '/x' },
    { Cookie: 'meet_sessionid=a; csrftoken=b', Authorization: 'Bearer c', 'Accept-Language': 'fr' },
    { Connection: 'close, X-Hop', 'X-Hop': '1' },
    { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': 'eA==', 'Sec-WebSocket-Version': '13' },
    { 'Accept-Encoding': 'gzip, br', TE: 'trailers', Range: 'bytes=0-3', 'If-None-Match': '"x"' },
    { Origin: 'https://evil.example.com', Referer: 'https://evil.example.com/', 'Access-Control-Request-Method': 'POST' },
    { X_Under_Score: 'dropped' },
  ] as Record<string, string>[]
).flatMap((headers) => [request('/api/v1.0/config/', { headers }), request('/abc-defg-hij', { headers })]);

const statuses: readonly SeedRequest[] = [204, 302, 401, 403, 404, 413, 429, 500, 502, 503, 504].map((status) =>
  request(`/api/v1.0/x/?status=${status}`),
);

const bodies: readonly SeedRequest[] = [
  request('/api/v1.0/files/', { method: 'POST', body: { bytes: limitBytes, send: true } }),
  ...['/api/v1.0/files/', '/static/x', '/abc-defg-hij'].map((path) =>
    request(path, { method: 'POST', body: { bytes: limitBytes + 1, send: false } }),
  ),
  request('/api/v1.0/files/', { method: 'PUT', headers: { 'Transfer-Encoding': 'chunked' }, body: { bytes: 100_000, send: true } }),
  request('/api/v1.0/files/', { method: 'POST', headers: { Expect: '100-continue' }, body: { bytes: 10, send: true } }),
];

/** The requests while the backend answers. */
export const allRequests: readonly SeedRequest[] = [...paths, ...oddPaths, ...methods, ...hosts, ...clientHeaders, ...statuses, ...bodies];

/** The requests while the backend's container runs but accepts no connection. */
export const requestsWithoutBackend: readonly SeedRequest[] = [
  ...requests(['/api/v1.0/config/', '/admin/', '/static/x.js', '/oidc', '/healthz', '/webhook/x', '/abc-defg-hij', '/']),
  request('/api/v1.0/rooms/', { method: 'POST', body: { bytes: 10, send: true } }),
  ...['HEAD', 'PUT', 'DELETE'].map((method) => request('/api/v1.0/rooms/', { method })),
];

/** @returns the request in a line, for messages */
export function describeRequest({ method, path, headers, body }: SeedRequest): string {
  const shown = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const size = body === undefined ? [] : [`${body.bytes} bytes`];
  return [`${method} ${path.length > 80 ? `${path.slice(0, 80)}… (${path.length})` : path}`, ...shown, ...size].join(' | ');
}
