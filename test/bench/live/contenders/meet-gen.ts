import { statusSocketOf } from '../../../support/status-socket.ts';
import { imageOptions } from '../../as-in-image.ts';
import { startCommand } from '../../../support/built-command.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import type { Contender } from './contender.ts';
import { request } from 'node:http';

/** The built command, started as in the image, with a user's options only: every timing is the default. */
export const meetGen: Contender = {
  name: 'meet-gen',
  async start({ project, out }, socketPath) {
    const own = ['--instance', project, '--out', out, '--listen', 'off', '--log-format', 'json'];
    const command = startCommand(['run', '--docker-host', `unix://${socketPath}`, ...own], imageOptions());
    try {
      await waitUntil('meet-gen is ready', () => isReady(statusSocketOf(out)), undefined, command.stderr);
    } catch (error) {
      await command.stop();
      throw error;
    }
    return {
      pid: command.pid,
      output: () => command.stderr().slice(-10_000),
      stop: async () => void (await command.stop()),
    };
  },
};

function isReady(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/readyz', agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('error', () => resolve(false)).end();
  });
}
