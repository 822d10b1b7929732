import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { docker, type Engine } from '../../providers/engine/docker-command.ts';
import { runLabel } from '../../providers/engine/test-run.ts';

/** The part of the internet that a Meet needs: a DNS that knows at most one name, and a TLS server. */
export interface OutsideWorld {
  readonly address: string;
  /**
   * Restarts both: the DNS answers its own address for exactly these names, TLS uses the certificate in this folder.
   */
  serve(names: readonly string[], certificates: string): Promise<void>;
  remove(): Promise<void>;
}

/** Starts both in a separate container on a network of the Meet. */
export async function startOutsideWorld(engine: Engine, image: string, network: string): Promise<OutsideWorld> {
  const name = `${network}-outside-world`;
  const run = async (names: readonly string[], cert: string, key: string): Promise<void> => {
    await docker(engine, ['rm', '--force', name]);
    const variables = { NAMES: names.join(','), CERT: cert, KEY: key };
    const environment = Object.entries(variables).flatMap(([variable, value]) => ['--env', `${variable}=${value}`]);
    await docker(engine, [
      'run',
      '--detach',
      '--name',
      name,
      '--label',
      runLabel,
      '--network',
      network,
      ...environment,
      '--entrypoint',
      'node',
      image,
      '-e',
      program,
    ]);
  };
  await run([], '', '');
  const format = `{{(index .NetworkSettings.Networks ${JSON.stringify(network)}).IPAddress}}`;
  const address = (await docker(engine, ['inspect', '--format', format, name])).trim();
  return {
    address,
    async serve(names, certificates) {
      await run(names, readFileSync(join(certificates, 'cert.pem'), 'utf8'), readFileSync(join(certificates, 'key.pem'), 'utf8'));
      const again = (await docker(engine, ['inspect', '--format', format, name])).trim();
      if (again !== address) throw new Error(`the container's address changed from ${address} to ${again}`);
    },
    remove: async () => void (await docker(engine, ['rm', '--force', name])),
  };
}

/** RFC 1035: answers each question with an A record, an empty answer for other types, or "no such name". */
const program = `
const { NAMES, CERT, KEY } = process.env;
const own = Object.values(require('node:os').networkInterfaces()).flat().find((one) => !one.internal && one.family === 'IPv4').address;
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (query, from) => {
  let end = 12;
  const labels = [];
  while (query[end] !== 0) { labels.push(query.toString('latin1', end + 1, end + 1 + query[end])); end += 1 + query[end]; }
  const question = query.subarray(12, end + 5);
  const known = NAMES.split(',').includes(labels.join('.').toLowerCase());
  const isA = query.readUInt16BE(end + 1) === 1;
  const head = Buffer.from([query[0], query[1], 0x81, known ? 0x80 : 0x83, 0, 1, 0, known && isA ? 1 : 0, 0, 0, 0, 0]);
  const record = known && isA ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...own.split('.').map(Number)] : [];
  socket.send(Buffer.concat([head, question, Buffer.from(record)]), from.port, from.address);
});
socket.bind(53);
if (CERT) require('node:tls').createServer({ cert: CERT, key: KEY }, (one) => { one.on('error', () => one.destroy()); one.resume(); }).on('tlsClientError', () => undefined).listen(443);
process.on('SIGTERM', () => process.exit(0));
`;
