import type { TestedEngine } from '../../providers/engines/provide-engines.ts';
import { runCommand } from '../../providers/run-command.ts';

export interface NetworkAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends a request from the engine's network, as nginx-proxy does. */
export async function askOnNetwork(
  engine: Pick<TestedEngine, 'onItsNetwork'>,
  url: string,
  host = new URL(url).host,
): Promise<NetworkAnswer> {
  const [program, ...args] = engine.onItsNetwork(process.execPath, ['-e', asker, url, host]);
  return JSON.parse(await runCommand(program, args)) as NetworkAnswer;
}

const asker = `
  require('node:http').get(process.argv[1], { agent: false, headers: { host: process.argv[2], 'X-Forwarded-Proto': 'https' } }, (answer) => {
    let body = '';
    answer.on('data', (part) => (body += part)).on('end', () => console.log(JSON.stringify({ status: answer.statusCode, body })));
  });
`;
