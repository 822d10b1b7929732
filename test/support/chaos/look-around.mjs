// Runs in a container on the Meet's own network. Its argument is the question as JSON, its output the answer as JSON:
// the published file, the generations of the frontends, and which containers answer. Each request has its own
// connection.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';

const { frontends, answers, generationAsks, mostAsks } = JSON.parse(process.argv.at(-1));

function ask(host, port, path) {
  return new Promise((resolve) => {
    const options = { host, port, path, agent: false, timeout: 3000, headers: { host: 'meet.example.com' } };
    const asked = request(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => (body += text));
      response.on('error', (error) => resolve({ error: error.code ?? error.message }));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', (error) => resolve({ error: error.code ?? error.message }));
    asked.end();
  });
}

function describe({ error, status, headers, body }) {
  if (error !== undefined) return error;
  if (headers['x-backend-host'] !== undefined) return headers['x-backend-host'];
  if (status === 200 && body.includes('SPA of')) return 'SPA';
  return headers['retry-after'] === undefined ? String(status) : `${status}, retry after ${headers['retry-after']}`;
}

/** Sends at least two requests per expected answer, and continues until every expected answer was received. */
async function answersOf(host, path, expected) {
  const seen = new Set();
  for (let count = 0; count < mostAsks; count += 1) {
    const answer = describe(await ask(host, 8083, path));
    seen.add(answer);
    if (!expected.includes(answer)) break;
    if (count >= 2 * expected.length && expected.every((one) => seen.has(one))) break;
  }
  return [...seen];
}

async function lookThrough(host) {
  const generations = [];
  for (let count = 0; count < generationAsks; count += 1) {
    const { error, body } = await ask(host, 8084, '/generation');
    generations.push(error ?? body.split(' ')[0]);
  }
  const seen = {};
  for (const [path, expected] of Object.entries(answers)) seen[path] = await answersOf(host, path, expected);
  return { generations, answers: seen };
}

const seen = {};
for (const [name, host] of Object.entries(frontends)) seen[name] = await lookThrough(host);
process.stdout.write(JSON.stringify({ file: readFileSync('/routing/routing.conf', 'utf8'), frontends: seen }));
