// Passes exactly the calls on its list, refuses the others, and logs all. ALLOWED is a JSON list of regular expressions
// for `METHOD /path?query` without the API version. It listens on TCP, and on the unix socket LISTEN_SOCKET if that is
// set. The file /tmp/lose has a number of signals to lose: these are answered as if they had been sent.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { startProxy } from './proxy.mjs';

const allowed = JSON.parse(process.env.ALLOWED).map((pattern) => new RegExp(`^${pattern}$`));
const path = process.env.LISTEN_SOCKET;
if (path !== undefined) rmSync(path, { force: true });

startProxy({
  socketPath: process.env.SOCKET_PATH || '/var/run/docker.sock',
  // Every container that mounts the socket's folder may use the socket.
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
