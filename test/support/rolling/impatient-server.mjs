// A backend that closes kept connections without notice, often at the moment of the next request.
// CLOSES_IDLE_AFTER_MS: after an idle time. CLOSES_AFTER_REQUESTS: after a number of answers.
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const idleMs = Number(process.env.CLOSES_IDLE_AFTER_MS ?? 0);
const mostRequests = Number(process.env.CLOSES_AFTER_REQUESTS ?? 0);
const backend = hostname();
const lives = new WeakMap();

const server = createServer(async (request, response) => {
  const { socket } = request;
  const life = lives.get(socket) ?? { answers: 0 };
  lives.set(socket, life);
  clearTimeout(life.timer);
  response.on('finish', () => {
    life.answers += 1;
    if (life.answers === mostRequests) socket.destroy();
    else if (idleMs > 0) life.timer = setTimeout(() => socket.destroy(), idleMs);
  });
  let bytes = 0;
  for await (const chunk of request) bytes += chunk.length;
  const words = JSON.stringify(request.method === 'POST' ? { backend, bytes } : { backend });
  response.setHeader('Content-Type', 'application/json').setHeader('Content-Length', words.length);
  response.setHeader('X-Seen-Uri', request.url).setHeader('X-Backend-Host', backend).end(words);
});
server.keepAliveTimeout = 0;
server.listen(8000);
process.on('SIGTERM', () => process.exit(0));
