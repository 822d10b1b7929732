// The common part of all socket proxies: requests are judged, then passed on to the engine's socket or refused. Each
// decision is one JSON line on standard output.
import { createServer, request as httpRequest } from 'node:http';
import { createConnection } from 'node:net';

const forbidden = { type: 'text/plain', body: 'Forbidden\n' };

/**
 * Starts a proxy.
 * @param judge    returns the refusal of a request, `{ status, reason, type, body }`, or undefined
 * @param listen   a list of argument lists for `server.listen`
 * @param silenceMs an answer without data for this long is cut; 0 means never
 * @param lifeMs   an answer that lasts this long is cut; 0 means never
 */
export function startProxy({ socketPath, listen, judge, silenceMs = 0, lifeMs = 0, graceMs = 1000 }) {
  const answer = async (request, response) => {
    const refusal = await judgeAndTell(request, judge);
    if (refusal !== undefined) {
      response.writeHead(refusal.status, { 'Content-Type': refusal.type });
      response.end(refusal.body);
      return;
    }
    const onward = httpRequest({ socketPath, method: request.method, path: request.url, headers: request.headers }, (onwardAnswer) => {
      response.writeHead(onwardAnswer.statusCode ?? 502, onwardAnswer.headers);
      response.flushHeaders();
      onwardAnswer.pipe(response);
      onwardAnswer.on('error', () => response.destroy());
      const cut = (reason) => {
        tell(request, { decision: 'cut', reason });
        response.destroy();
      };
      if (silenceMs > 0) onwardAnswer.setTimeout(silenceMs, () => cut(`silent for ${silenceMs} ms`));
      const life = lifeMs > 0 ? setTimeout(() => cut(`open for ${lifeMs} ms`), lifeMs) : undefined;
      response.on('close', () => clearTimeout(life));
    });
    onward.on('error', (error) => {
      if (response.headersSent) return response.destroy();
      response.writeHead(502);
      return response.end(`${error.message}\n`);
    });
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  };

  // exec and attach take the connection over: from then on, bytes go both ways.
  const handOver = async (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const refusal = await judgeAndTell(request, judge);
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal.status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    const onward = createConnection(socketPath, () => {
      const headers = request.rawHeaders.reduce((text, word, index) => text + word + (index % 2 === 0 ? ': ' : '\r\n'), '');
      onward.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers}\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  };

  const servers = listen.map((where) => {
    const server = createServer(answer).on('upgrade', handOver);
    // A long event stream must not count as an idle connection.
    server.requestTimeout = 0;
    server.timeout = 0;
    return server.listen(...where, () => console.log(JSON.stringify({ decision: 'start', where, socketPath })));
  });
  const stop = () => {
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    void Promise.all(closed).then(() => process.exit(0));
    setTimeout(() => process.exit(0), graceMs).unref();
    for (const server of servers) server.closeIdleConnections();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** Whether an environment variable means yes. */
export const isSet = (name, fallback = '0') => Number(process.env[name] || fallback) !== 0;

async function judgeAndTell(request, judge) {
  const refusal = await judge(request);
  if (refusal === undefined) tell(request, { decision: 'allowed' });
  else tell(request, { decision: 'refused', status: refusal.status, reason: refusal.reason });
  return refusal === undefined ? undefined : { ...forbidden, ...refusal };
}

function tell(request, what) {
  const [path, query] = request.url.split('?');
  const client = request.socket.remoteAddress;
  console.log(JSON.stringify({ ...what, method: request.method, path, ...(query === undefined ? {} : { query }), client }));
}
