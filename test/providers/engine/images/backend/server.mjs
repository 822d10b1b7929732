// Behaves like Meet's backend behind nginx: gunicorn and Django's production settings.
// Variables: PORT (8000), BACKEND_NAME, DJANGO_ALLOWED_HOSTS (*).
// KEEPALIVE_MS (0): with 0, every connection closes after its answer, as with gunicorn's sync workers.
// DB_HOST (with DB_PORT, DB_PASSWORD) and REDIS_URL: /__heartbeat__ asks them, like dockerflow's checks.
// For tests, on any path: ?delay_ms=N delays the answer, ?status=N sets its status.
import { createHash } from 'node:crypto';
import { createServer, get } from 'node:http';
import { hostname } from 'node:os';

const port = Number(process.env.PORT ?? 8000);
const name = process.env.BACKEND_NAME || hostname();
const allowedHosts = (process.env.DJANGO_ALLOWED_HOSTS ?? '*').split(',').map((host) => host.trim().toLowerCase());
const keepAliveMs = Number(process.env.KEEPALIVE_MS ?? 0);

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://backend');
  for (const [header, value] of Object.entries(seen(request))) response.setHeader(header, value);
  if (keepAliveMs === 0 || stopping) response.setHeader('Connection', 'close');
  const bodyBytes = await readBody(request);
  const delayMs = Number(url.searchParams.get('delay_ms') ?? 0);
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  answer(request, response, url, bodyBytes);
});

function answer(request, response, url, bodyBytes) {
  const { pathname } = url;
  if (pathname === '/__lbheartbeat__') return send(response, 200, '');
  if (!isAllowedHost(request.headers.host ?? '')) return send(response, 400, '<h1>Bad Request (400)</h1>', 'text/html');
  if (request.headers['x-forwarded-proto'] !== 'https') {
    response.setHeader('Location', `https://${request.headers.host}${request.url}`);
    return send(response, 301, '', 'text/html');
  }
  if (pathname === '/__heartbeat__') return answerHeartbeat(response);
  const status = Number(url.searchParams.get('status') ?? 0);
  if (status > 0) return sendJson(response, status, { status });
  if (pathname === '/api/v1.0/config/') return sendJson(response, 200, { backend: name, LANGUAGE_CODE: 'en-us' });
  if (request.method === 'POST' && pathname.startsWith('/api/')) return sendJson(response, 200, { backend: name, bytes: bodyBytes });
  return sendJson(response, 404, { detail: 'Not found.', backend: name, path: pathname });
}

/** In production, dockerflow shows only the level. */
async function answerHeartbeat(response) {
  const { DB_HOST, DB_PORT = '5432', DB_PASSWORD = '', REDIS_URL } = process.env;
  const stores = [...(DB_HOST ? [`http://${DB_HOST}:${DB_PORT}/`] : []), ...(REDIS_URL ? [REDIS_URL.replace(/^redis/, 'http')] : [])];
  const answers = await Promise.all(stores.map((store) => askStore(store, DB_PASSWORD)));
  if (answers.every((status) => status === 200)) return sendJson(response, 200, { status: 'ok' });
  return sendJson(response, 500, { status: 'error' });
}

/** The stand-ins for both speak HTTP. While paused, they accept connections but send nothing, like the real servers. */
function askStore(store, password) {
  return new Promise((resolve) => {
    const asked = get(store, { headers: { 'x-password': password } }, (answer) => resolve(answer.resume().statusCode));
    asked.on('error', () => resolve(0));
  });
}

function seen(request) {
  return {
    'X-Backend-Host': hostname(),
    'X-Backend-Name': name,
    'X-Seen-Host': request.headers.host ?? '',
    'X-Seen-Forwarded-For': request.headers['x-forwarded-for'] ?? '',
    'X-Seen-Forwarded-Proto': request.headers['x-forwarded-proto'] ?? '',
    'X-Seen-Original-Url': request.headers['x-original-url'] ?? '',
    'X-Seen-Uri': request.url ?? '',
    'X-Seen-Connection': request.headers.connection ?? '',
    'X-Seen-Http-Version': request.httpVersion,
    'X-Seen-Method': request.method ?? '',
  };
}

/** Django compares hosts without the port. An entry with a leading dot also allows subdomains. */
function isAllowedHost(host) {
  const domain = host.toLowerCase().replace(/:\d+$/, '');
  return allowedHosts.some((entry) => {
    if (entry === '*' || entry === domain || entry === host.toLowerCase()) return true;
    return entry.startsWith('.') && (domain === entry.slice(1) || domain.endsWith(entry));
  });
}

async function readBody(request) {
  let bytes = 0;
  for await (const chunk of request) bytes += chunk.length;
  return bytes;
}

function send(response, status, body, type = 'text/plain') {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function sendJson(response, status, value) {
  send(response, status, JSON.stringify(value), 'application/json');
}

// A WebSocket that returns each small text message, with this backend's name in front.
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nX-Backend-Name: ${name}\r\n\r\n`,
  );
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('data', (frame) => {
    const length = (frame[1] ?? 0) & 0x7f;
    if ((frame[0] & 0x0f) !== 1 || length > 100 || frame.length < 6 + length) return socket.end();
    const text = Buffer.from(frame.subarray(6, 6 + length).map((byte, index) => byte ^ frame[2 + (index % 4)]));
    const reply = Buffer.concat([Buffer.from(`${name}: `), text]).subarray(0, 125);
    socket.write(Buffer.concat([Buffer.from([0x81, reply.length]), reply]));
  });
});

// Like gunicorn: the listener closes at once, requests in flight are finished, then the process ends.
let stopping = false;
function stop() {
  if (stopping) return;
  stopping = true;
  server.close(() => process.exit(0));
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

server.keepAliveTimeout = Math.max(keepAliveMs, 1);
server.listen(port, '0.0.0.0', () => console.log(`backend ${name} listens on ${port}`));
