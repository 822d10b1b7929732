// Answers 200 with STANDIN_NAME on each of STANDIN_PORTS (comma list); without ports it only waits.
// As a database, it answers 401 to another password (x-password) than POSTGRES_PASSWORD.
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const name = process.env.STANDIN_NAME || hostname();
const ports = (process.env.STANDIN_PORTS ?? '')
  .split(',')
  .filter((port) => port.trim() !== '')
  .map(Number);
for (const port of ports) {
  createServer((request, response) => {
    request.resume();
    response.setHeader('X-Standin-Name', name);
    const { 'x-password': password } = request.headers;
    if (password !== undefined && (process.env.POSTGRES_PASSWORD ?? password) !== password) response.statusCode = 401;
    response.end(`${name}\n`);
  }).listen(port, '0.0.0.0');
}
console.log(`${name} stands in, ports: ${ports.join(', ') || 'none'}`);
setInterval(() => undefined, 2 ** 30);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT']) process.on(signal, () => process.exit(0));
