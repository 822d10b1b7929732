// Reads wollomatic/socket-proxy's configuration and decides as it does: flags (-name=value, -name value)
// before SP_ variables; several patterns per method; a pattern is matched against the whole path, without
// the query; a method without a pattern is answered 405, another path or another client 403.
// Each decision is one JSON line on standard output.
import { createServer, request as httpRequest } from 'node:http';
import { createConnection, BlockList, isIP } from 'node:net';
import { lookup } from 'node:dns/promises';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'TRACE', 'OPTIONS'];
const flags = readFlags(process.argv.slice(2));
const setting = (flag, fallback) => flags.get(flag)?.at(-1) ?? (process.env[`SP_${flag.toUpperCase()}`] || fallback);

const socketPath = setting('socketpath', '/var/run/docker.sock');
const listenIp = setting('listenip', '127.0.0.1');
const proxyPort = Number(setting('proxyport', '2375'));
const allowFrom = setting('allowfrom', '127.0.0.1/32')
  .split(',')
  .map((entry) => entry.trim());
const graceMs = 1000 * Number(setting('shutdowngracetime', '10'));
const patterns = new Map(methods.map((method) => [method, patternsOf(method)]));

function readFlags(args) {
  const switches = new Set(['allowhealthcheck', 'logjson', 'stoponwatchdog']);
  const found = new Map();
  for (let index = 0; index < args.length; index += 1) {
    const [, flag, value] = /^--?([A-Za-z]+)(?:=([\s\S]*))?$/.exec(args[index]) ?? [];
    if (flag === undefined) fail(`unexpected argument ${JSON.stringify(args[index])}`);
    const given = value ?? (switches.has(flag) ? 'true' : args[(index += 1)]);
    found.set(flag, [...(found.get(flag) ?? []), given]);
  }
  return found;
}

function patternsOf(method) {
  const variable = new RegExp(`^SP_ALLOW_${method}(?:_\\d+)?$`);
  const fromVariables = Object.entries(process.env)
    .filter(([name, value]) => variable.test(name) && value !== '')
    .map(([, value]) => value);
  return (flags.get(`allow${method}`) ?? fromVariables).map((pattern) => {
    try {
      return new RegExp(`^${pattern}$`);
    } catch (error) {
      return fail(`invalid regex ${JSON.stringify(pattern)} for ${method}: ${error.message}`);
    }
  });
}

function fail(reason) {
  console.log(JSON.stringify({ decision: 'error', reason }));
  process.exit(1);
}

async function isAllowedClient(address) {
  const plain = address.replace(/^::ffff:/, '');
  for (const entry of allowFrom) {
    const [network, prefix] = entry.split('/');
    if (isIP(network) !== 0) {
      const list = new BlockList();
      const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
      list.addSubnet(network, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family);
      if (list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')) return true;
      continue;
    }
    const addresses = await lookup(entry, { all: true }).catch(() => []);
    if (addresses.some((found) => found.address === plain)) return true;
  }
  return false;
}

/** The status to refuse with, or nothing. */
async function judge(request) {
  if (!(await isAllowedClient(request.socket.remoteAddress ?? ''))) return refuse(request, 403, 'forbidden IP');
  const allowed = patterns.get(request.method) ?? [];
  if (allowed.length === 0) return refuse(request, 405, 'method not allowed');
  const path = decodeURIComponent(request.url.split('?')[0]);
  if (!allowed.some((pattern) => pattern.test(path))) return refuse(request, 403, 'path not allowed');
  note(request, { decision: 'allowed' });
  return undefined;
}

function refuse(request, status, reason) {
  note(request, { decision: 'refused', status, reason });
  return status;
}

function note(request, what) {
  const [path, query] = request.url.split('?');
  console.log(
    JSON.stringify({
      ...what,
      method: request.method,
      path,
      ...(query === undefined ? {} : { query }),
      client: request.socket.remoteAddress,
    }),
  );
}

const server = createServer(async (request, response) => {
  const status = await judge(request);
  if (status !== undefined) {
    response.writeHead(status, { 'Content-Type': 'text/plain' });
    response.end(`${status === 405 ? 'Method Not Allowed' : 'Forbidden'}\n`);
    return;
  }
  const onward = httpRequest({ socketPath, method: request.method, path: request.url, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  onward.on('error', (error) => {
    if (response.headersSent) return response.destroy();
    response.writeHead(502);
    return response.end(`${error.message}\n`);
  });
  response.on('close', () => onward.destroy());
  request.pipe(onward);
});

// exec and attach take the connection over: from then on bytes go both ways.
server.on('upgrade', async (request, socket, head) => {
  socket.on('error', () => socket.destroy());
  const status = await judge(request);
  if (status !== undefined) return socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  const onward = createConnection(socketPath, () => {
    const headers = request.rawHeaders.reduce((text, word, index) => text + word + (index % 2 === 0 ? ': ' : '\r\n'), '');
    onward.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers}\r\n`);
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  });
  onward.on('error', () => socket.destroy());
  socket.on('close', () => onward.destroy());
  return undefined;
});

// A long event stream is no idle connection: nothing here cuts it.
server.requestTimeout = 0;
server.timeout = 0;
server.listen(proxyPort, listenIp, () => console.log(JSON.stringify({ decision: 'start', listenIp, proxyPort, socketPath, allowFrom })));

if (setting('allowhealthcheck', 'false') === 'true') {
  createServer((_request, response) => {
    const probe = createConnection(socketPath, () => probe.end(() => response.end('ok\n')));
    probe.on('error', () => response.writeHead(503).end());
  }).listen(55555, '127.0.0.1');
}

function stop() {
  server.close(() => process.exit(0));
  setTimeout(() => process.exit(0), graceMs).unref();
  server.closeIdleConnections();
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
