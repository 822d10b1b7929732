// Shared by the bare scripts: Node's own http on the engine's socket, and files.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

/** The bench's input for a script, from the file in the script's only argument. */
export const plan = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const agent = new Agent({ keepAlive: true });

export function call(method, path) {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: plan.socketPath, agent, method, path }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text) => (body += text));
      answer.on('error', reject);
      answer.on('end', () => {
        // The container was removed after the list was read.
        if (answer.statusCode === 404) resolve(undefined);
        else if (answer.statusCode >= 300) reject(new Error(`${answer.statusCode} to ${method} ${path}: ${body}`));
        else resolve(body === '' ? undefined : JSON.parse(body));
      });
    });
    asked.on('error', reject).end();
  });
}

export function watch(filters, onEvent) {
  const path = `/events?filters=${encodeURIComponent(JSON.stringify(filters))}`;
  request({ socketPath: plan.socketPath, path }, (answer) => {
    let rest = '';
    answer.setEncoding('utf8').on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      for (const line of lines) onEvent(JSON.parse(line));
    });
    process.stdout.write('ready\n');
  }).end();
}

export function write(text) {
  writeFileSync(`${plan.file}.new`, text);
  renameSync(`${plan.file}.new`, plan.file);
}

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
