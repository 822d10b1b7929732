// Meet's backend as a browser, LiveKit and S3 know it: Django's production settings, its configuration, the way to the login,
// static files, `media_auth` of its viewsets, and the two endpoints that LiveKit and S3 call. sessionid=owner may have the files,
// sessionid=other may not, without one it is 401. DJANGO_ALLOWED_HOSTS and OIDC_OP_AUTHORIZATION_ENDPOINT are Meet's own.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const secret = 'storage secret';
const publicHost = process.env.DJANGO_ALLOWED_HOSTS ?? 'meet.example.com';
const login = process.env.OIDC_OP_AUTHORIZATION_ENDPOINT ?? 'https://auth.example.com/realms/meet/protocol/openid-connect/auth';
// What S3 is really called, but for .webm, as of somebody whose AWS_S3_ENDPOINT_URL and meet.media.host differ.
const hostFor = (key) => (key.endsWith('.webm') ? 'localhost:9000' : (process.env.S3_HOST ?? 'minio:9000'));
const uuid = '[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}';
// Not anchored at the end, as Meet's own RECORDING_STORAGE_URL_PATTERN.
const patterns = {
  recordings: new RegExp(`/media/(recordings/${uuid}\\.[a-zA-Z0-9]{1,10})`),
  files: new RegExp(`/media/(files/${uuid}\\.[a-zA-Z0-9]{1,10})$`),
};

const server = createServer((request, response) => {
  request.resume();
  response.setHeader('X-Backend-Host', hostname());
  response.setHeader(
    'X-Seen',
    JSON.stringify({ host: request.headers.host, proto: request.headers['x-forwarded-proto'], url: request.headers['x-original-url'] }),
  );
  const [path] = request.url.split('?');
  if (path === '/__lbheartbeat__') return send(response, 200, '');
  if ((request.headers.host ?? '').replace(/:\d+$/, '') !== publicHost) return send(response, 400, 'Bad Request');
  if (request.headers['x-forwarded-proto'] !== 'https') {
    response.setHeader('Location', `https://${request.headers.host}${request.url}`);
    return send(response, 301, '');
  }
  if (path === '/api/v1.0/config/') return send(response, 200, JSON.stringify({ LANGUAGE_CODE: 'en-us' }), 'application/json');
  if (path.startsWith('/static/')) return send(response, 200, 'body {}', 'text/css');
  if (path === '/api/v1.0/authenticate/') return sendToLogin(request, response);
  const asked = /^\/api\/v1\.0\/(recordings|files)\/media-auth\/$/.exec(path);
  if (asked !== null) return authorize(request, response, asked[1]);
  const isWebhook = path === '/api/v1.0/rooms/webhooks-livekit/' || path === '/api/v1.0/recordings/storage-hook/';
  if (isWebhook && request.method === 'POST') return send(response, 200, JSON.stringify({ webhook: path }), 'application/json');
  send(response, 404, JSON.stringify({ path }), 'application/json');
});

/** As mozilla-django-oidc does: where to come back to is made of what the request says of itself. */
function sendToLogin(request, response) {
  const back = `${request.headers['x-forwarded-proto']}://${request.headers.host}/api/v1.0/callback/`;
  const query = new URLSearchParams({ response_type: 'code', scope: 'openid email', client_id: 'meet', redirect_uri: back });
  response.setHeader('Location', `${login}?${query}`);
  send(response, 302, '', 'text/html');
}

function authorize(request, response, kind) {
  const key = patterns[kind].exec((request.headers['x-original-url'] ?? '').split('?')[0])?.[1];
  const session = /sessionid=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
  if (session === undefined) {
    response.setHeader('WWW-Authenticate', 'Session');
    return send(response, 401, 'who are you?');
  }
  if (key === undefined || session !== 'owner') return send(response, 403, 'not for you');
  // A file whose name asks for it: Meet answers 404 for a recording that it doesn't know, 400 for an extension.
  const status = Number(/\/00000([1-9]\d\d)-/.exec(key)?.[1] ?? 0);
  if (status > 0) return send(response, status, 'for the log');
  const date = '20261125T000000Z';
  const signature = createHmac('sha256', secret)
    .update(['GET', hostFor(key), `/meet-media-storage/${key}`, date].join('\n'))
    .digest('hex');
  response.setHeader('Authorization', `AWS4-HMAC-SHA256 Credential=AKIDMEET, Signature=${signature}`);
  response.setHeader('X-Amz-Date', date);
  response.setHeader('X-Amz-Content-SHA256', 'UNSIGNED-PAYLOAD');
  send(response, 200, 'authorized');
}

function send(response, status, body, type = 'text/plain') {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }).end(body);
}

server.listen(8000, '0.0.0.0');
// As gunicorn: the listener closes at once, what is in flight is finished.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => server.close(() => process.exit(0)));
