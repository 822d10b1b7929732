import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { askAt, type Answer } from '../../support/media/ask.ts';
import { callFromInside, type Call } from '../../support/media/call-from-inside.ts';
import { openWebSocket } from '../services/websocket.ts';
import type { Site } from './site.ts';

/** The outcome of each step in a line: the answer, and the service that sent it. */
export type Walk = Readonly<Record<string, string>>;

const engine = providedEngine();
const file = '/media/recordings/6d0d7e3c-1111-4222-8333-123456789abc.mp4';
const webhook = '/api/v1.0/rooms/webhooks-livekit/';
const login = '/api/v1.0/authenticate/';

/** Takes each step once, as a browser, as LiveKit, and as a neighbour on the proxy's network. */
export async function walk(site: Site): Promise<Walk> {
  await readServices();
  const get = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> =>
    describeAnswer(site, await askAt(site.outer, path, { headers: { host: site.host, ...headers } }));
  const steps: Readonly<Record<string, () => Promise<string>>> = {
    '/': () => get('/'),
    'a room': () => get('/abc-defg-hij'),
    'a room that begins like the API': () => get('/api-abcd-efg'),
    'the configuration': () => get('/api/v1.0/config/'),
    'the login': () => get(login),
    'a static file': () => get('/static/admin/css/base.css'),
    'a recording, for its owner': () => get(file, { cookie: 'sessionid=owner' }),
    'a recording, for another user': () => get(file, { cookie: 'sessionid=other' }),
    'a recording, without a session': () => get(file),
    'LiveKit’s call from inside': () => call(`${site.project}-livekit-1`, 'meet-inside'),
    'the same call by a neighbour': () => call(site.outsider, `${site.project}-frontend-1`),
    'a service': () => get('/board/x?status=200'),
    'a service, without the prefix': () => get('/app/x?status=200'),
    'a WebSocket': () => echo(site),
    'a path that is allowed for private networks': () => get('/board/near/x?status=200'),
    'a path that is allowed for another network': () => get('/board/admin/x?status=200'),
  };
  const seen = Object.entries(steps).map(async ([name, step]) => [name, await step().catch(String)] as const);
  return Object.fromEntries(await Promise.all(seen));
}

/** The expected walk. */
export function goodWalk({ project, host }: Site): Walk {
  const spa = `200 text/html by ${project}-frontend, asked for ${host}`;
  const backend = (status: number, type: string): string => `${status} ${type} by ${project}-backend, asked for https://${host}`;
  const board = (uri: string): string => `200 application/json by ${project}-board, asked for https://${host}${uri}`;
  const back = `redirect_uri=${encodeURIComponent(`https://${host}/api/v1.0/callback/`)}`;
  const notForYou = 'This file is not there, or not for you.';
  return {
    '/': spa,
    'a room': spa,
    'a room that begins like the API': spa,
    'the configuration': backend(200, 'application/json'),
    'the login': `${backend(302, 'text/html')} to https://auth.example.com/realms/meet/protocol/openid-connect/auth?response_type=code&scope=openid+email&client_id=meet&${back}`,
    'a static file': backend(200, 'text/css'),
    'a recording, for its owner': `200 attachment from ${project}`,
    'a recording, for another user': `403 ${notForYou}`,
    'a recording, without a session': `401 ${notForYou}`,
    'LiveKit’s call from inside': backend(200, 'application/json'),
    'the same call by a neighbour': '403',
    'a service': board('/board/x?status=200'),
    'a service, without the prefix': board('/x?status=200'),
    'a WebSocket': `hello from ${project}-board`,
    'a path that is allowed for private networks': board('/board/near/x?status=200'),
    'a path that is allowed for another network': '403',
  };
}

/** The expected walk without a backend: steps with the backend get 503 with Retry-After, and the others stay good. */
export function walkWithoutBackend(site: Site): Walk {
  const asksBackend = ([step, seen]: readonly [string, string]): boolean =>
    step.startsWith('a recording') || seen.includes(` by ${site.project}-backend,`);
  return Object.fromEntries(Object.entries(goodWalk(site)).map((one) => (asksBackend(one) ? [one[0], '503, retry after 5'] : one)));
}

/** Project and service of containers, also of removed containers, by short id, which is the host name. */
const services = new Map<string, string>();

const label = (name: string): string => `{{.Label "com.docker.compose.${name}"}}`;

async function readServices(): Promise<void> {
  const listed = await docker(engine, ['container', 'ls', '--all', '--format', `{{.ID}} ${label('project')}-${label('service')}`]);
  for (const [id = '', service = ''] of listed.split('\n').map((line) => line.split(' '))) services.set(id, service);
}

async function serviceOf(id: string | undefined): Promise<string> {
  if (id !== undefined && !services.has(id)) await readServices();
  return services.get(id ?? '') ?? `an unknown container (${id})`;
}

/** Reads the body too, since the SPA answers every path with 200. */
async function describeAnswer(site: Site, { status, headers, body }: Answer): Promise<string> {
  const [type = 'no type'] = (headers['content-type'] ?? '').split(';');
  const text = body.length > 2000 ? '' : body.toString();
  const start = `${status} ${type} by`;
  const spa = /^SPA of (\S+)[^]*^host: (\S+)/m.exec(text);
  if (spa !== null) return `${start} ${await serviceOf(spa[1])}, asked for ${spa[2]}`;
  const answerer = headers['x-backend-host'];
  if (typeof answerer === 'string') {
    const location = headers.location === undefined ? '' : ` to ${headers.location}`;
    return `${start} ${await serviceOf(answerer)}, asked for ${askedFor(headers)}${location}`;
  }
  if (headers['content-disposition'] === 'attachment') return `${status} attachment from ${contentOf(body, site.project)}`;
  if (status === 503) return `503, retry after ${headers['retry-after']}`;
  return status === 403 && type === 'text/html' ? '403' : `${status} ${text.trim()}`;
}

/** Django's stand-in has the request in one header of its answer, the other stand-in in several. */
function askedFor(headers: Answer['headers']): string {
  const { 'x-seen': seen, 'x-seen-host': host, 'x-seen-forwarded-proto': proto, 'x-seen-uri': uri } = headers;
  if (typeof seen !== 'string') return `${String(proto)}://${String(host)}${String(uri)}`;
  const request = JSON.parse(seen) as NonNullable<Call['seen']>;
  return `${request.proto}://${request.host}`;
}

function contentOf(body: Buffer, project: string): string {
  return body.equals(Buffer.alloc(3_000_000, project)) ? project : `elsewhere: ${body.length} bytes, ${body.subarray(0, 80).toString()}`;
}

/** Calls LiveKit's webhook at a name or an address of a frontend. */
async function call(container: string, frontend: string): Promise<string> {
  return describeCall(await callFromInside(engine, container, `http://${frontend}:8084${webhook}`, { body: '{"event":"room_started"}' }));
}

async function describeCall({ status, body, seen, by, retryAfter }: Call): Promise<string> {
  if (by !== null && body === JSON.stringify({ webhook }))
    return `${status} application/json by ${await serviceOf(by)}, asked for ${seen?.proto}://${seen?.host}`;
  return status === 503 ? `503, retry after ${retryAfter}` : `${status}`;
}

async function echo(site: Site): Promise<string> {
  const socket = await openWebSocket(site.outer, '/board/live', { host: site.host });
  try {
    const [from = '', word = ''] = (await socket.echo('hello')).split(': ');
    return `${word} from ${await serviceOf(from)}`;
  } finally {
    socket.close();
  }
}
