import { Agent, request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Engine } from '../../providers/engine/docker-command.ts';

/** The engine's API without the command line, which takes longer than the measured times. */
export interface EngineApi {
  readonly socketPath: string;
  /** @throws Error with the engine's message, for any status except 2xx and 304 */
  call<Answer = unknown>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Answer>;
  /** Passes on the engine's container events until the signal is aborted. Resolves when the engine has answered. */
  watch(onEvent: (event: ContainerEvent) => void, signal: AbortSignal): Promise<void>;
}

export interface ContainerEvent {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly timeNano: number;
}

/** @throws Error if the engine is not on a unix socket of this machine */
export function createEngineApi(engine: Pick<Engine, 'host'>): EngineApi {
  const socketPath = /^unix:\/\/(\/.+)$/.exec(engine.host)?.[1];
  if (socketPath === undefined)
    throw new Error(
      `the engine is at ${engine.host}, but the parts live and path need it on a unix socket of this machine: they read its clock, ` +
        'processes and networks. Unset DOCKER_HOST, or leave these parts out (--only faked,files,footprint)',
    );
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const send = (method: string, path: string, body?: object): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const asked = request({ socketPath, agent, method, path, headers }, resolve).on('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return {
    socketPath,
    async call<Answer>(method: string, path: string, body?: object) {
      const answer = await send(method, path, body);
      const answerText = await text(answer);
      const code = answer.statusCode ?? 0;
      if (code >= 300 && code !== 304) throw new Error(`the engine answered ${code} to ${method} ${path}: ${answerText.trim()}`);
      return (
        answer.headers['content-type']?.includes('json') === true && answerText !== '' ? JSON.parse(answerText) : answerText
      ) as Answer;
    },
    watch: (onEvent, signal) =>
      new Promise((resolve, reject) => {
        const path = `/events?filters=${encodeURIComponent(JSON.stringify({ type: ['container'] }))}`;
        const asked = request({ socketPath, agent: false, path, signal }, (answer) => {
          let rest = '';
          answer.setEncoding('utf8').on('data', (chunk: string) => {
            const lines = (rest + chunk).split('\n');
            rest = lines.pop() ?? '';
            for (const line of lines) onEvent(JSON.parse(line) as ContainerEvent);
          });
          answer.on('error', () => undefined);
          resolve();
        });
        asked.on('error', reject).end();
      }),
  };
}
