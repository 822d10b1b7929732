// Meet's backend for a browser, LiveKit and S3, with Django's production settings. It has the configuration, the
// redirect to the login, static files, `media_auth` of the viewsets, and the endpoints for LiveKit and S3.
// sessionid=owner may read the files, sessionid=other may not, no session gets 401. DJANGO_ALLOWED_HOSTS and
// OIDC_OP_AUTHORIZATION_ENDPOINT work as in Meet.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const secret = 'storage secret';
const publicHost = process.env.DJANGO_ALLOWED_HOSTS ?? 'meet.example.com';
const login = process.env.OIDC_OP_AUTHORIZATION_ENDPOINT ?? 'https://auth.example.com/realms/meet/protocol/openid-connect/auth';
// S3's host. For .webm files another host, as if AWS_S3_ENDPOINT_URL and meet.media.host differed.
const hostFor = (key) => (key.endsWith('.webm') ? 'localhost:9000' : (process.env.S3_HOST ?? 'minio:9000'));
const uuid = '[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}';
// Without an anchor at the end, like Meet's RECORDING_STORAGE_URL_PATTERN.
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

/** Like mozilla-django-oidc: the URL to return to is built from the request's headers. */
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
  // The file's name chooses the status. Meet answers 404 for an unknown recording, 400 for a bad extension.
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
// Like gunicorn: the listener closes at once, requests in flight are finished.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => server.close(() => process.exit(0)));
