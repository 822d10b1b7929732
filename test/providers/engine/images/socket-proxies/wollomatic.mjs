// Reads wollomatic/socket-proxy's configuration and decides like it (cmd/socket-proxy/handlehttprequest.go of
// github.com/wollomatic/socket-proxy, 1.12). Flags (-name=value, -name value) come before SP_ variables. A method can
// have several patterns, which match the whole path without the query. A method without a pattern gets 405. Another
// path or another client gets 403.
import { createServer } from 'node:http';
import { createConnection, BlockList, isIP } from 'node:net';
import { lookup } from 'node:dns/promises';
import { startProxy } from './proxy.mjs';

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

async function judge(request) {
  if (!(await isAllowedClient(request.socket.remoteAddress ?? ''))) return { status: 403, reason: 'forbidden IP' };
  const allowed = patterns.get(request.method) ?? [];
  if (allowed.length === 0) return { status: 405, reason: 'method not allowed', body: 'Method Not Allowed\n' };
  const path = decodeURIComponent(request.url.split('?')[0]);
  return allowed.some((pattern) => pattern.test(path)) ? undefined : { status: 403, reason: 'path not allowed' };
}

startProxy({ socketPath, listen: [[proxyPort, listenIp]], judge, graceMs });

if (setting('allowhealthcheck', 'false') === 'true') {
  createServer((_request, response) => {
    const probe = createConnection(socketPath, () => probe.end(() => response.end('ok\n')));
    probe.on('error', () => response.writeHead(503).end());
  }).listen(55555, '127.0.0.1');
}
