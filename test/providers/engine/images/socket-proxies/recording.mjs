// Lets through exactly what the list says and refuses the rest; its log has all. ALLOWED is a JSON list of regular
// expressions for `METHOD /path?query`, the API version left out. On TCP and, where LISTEN_SOCKET names one, on a unix socket.
// As many signals as the file /tmp/lose says are lost: answered as if they had been sent.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { startProxy } from './proxy.mjs';

const allowed = JSON.parse(process.env.ALLOWED).map((pattern) => new RegExp(`^${pattern}$`));
const path = process.env.LISTEN_SOCKET;
if (path !== undefined) rmSync(path, { force: true });

startProxy({
  socketPath: process.env.SOCKET_PATH || '/var/run/docker.sock',
  // Whoever mounts the socket's folder may use it.
  listen: [[2375, '0.0.0.0'], ...(path === undefined ? [] : [[{ path, readableAll: true, writableAll: true }]])],
  judge(request) {
    const call = `${request.method} ${request.url.replace(/^\/v[\d.]+/, '')}`;
    if (!allowed.some((pattern) => pattern.test(call))) return { status: 403, reason: 'not on the list' };
    return /\/kill\?/.test(call) && isLost() ? { status: 204, reason: 'lost', body: '' } : undefined;
  },
});

function isLost() {
  let left = 0;
  try {
    left = Number(readFileSync('/tmp/lose', 'utf8'));
  } catch {
    return false;
  }
  if (left > 0) writeFileSync('/tmp/lose', String(left - 1));
  return left > 0;
}
