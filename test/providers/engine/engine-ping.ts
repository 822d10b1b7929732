import { request } from 'node:http';

/** Whether a Docker engine answers `GET /_ping` at this DOCKER_HOST (unix:// or plain tcp://). */
export async function engineAnswers(host: string, timeoutMs?: number): Promise<boolean> {
  return (await pingEngine(host, timeoutMs)) === 'answers';
}

/** `refused`: the socket exists, but this user may not use it. */
export function pingEngine(host: string, timeoutMs = 2_000): Promise<'answers' | 'refused' | 'silent'> {
  const where = pingTarget(host);
  if (where === undefined) return Promise.resolve('silent');
  return new Promise((resolve) => {
    const ping = request({ ...where, path: '/_ping', timeout: timeoutMs }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 && answer.headers['api-version'] !== undefined ? 'answers' : 'silent');
    });
    ping.on('timeout', () => ping.destroy(new Error('no answer in time')));
    ping.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EACCES' ? 'refused' : 'silent'));
    ping.end();
  });
}

function pingTarget(host: string): { socketPath: string } | { host: string; port: number } | undefined {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  const tcp = /^(?:tcp|http):\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/.exec(host);
  if (tcp?.[1] === undefined) return undefined;
  return { host: tcp[1].replace(/^\[|\]$/g, ''), port: Number(tcp[2] ?? 2375) };
}
