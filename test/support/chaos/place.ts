import type { StatusSnapshot } from '../../../src/status/snapshot.ts';
import type { BreakableEngine } from '../../providers/engine/breakable-engine.ts';
import type { HostedMeet } from '../host-meet-gen.ts';
import type { MeetOptions, MeetStack } from '../meet-stack.ts';
import { waitUntil } from '../wait-until.ts';

/** The Meet of a walk: two frontends, and a meet-gen that can be asked and killed. */
export interface Place {
  readonly meet: MeetStack;
  readonly meetGen: MeetGen;
  /** The engine, if the walk may break it. */
  readonly engine?: BreakableEngine;
}

interface MeetGen {
  status(): Promise<StatusSnapshot>;
  /** The output of a separate `render`. */
  render(): Promise<string>;
  /** Runs `kill -9` from outside. meet-gen starts again. */
  crash(): Promise<void>;
  /** Ends meet-gen by a signal to stop, and starts it again. */
  restart(): Promise<void>;
  lastLogLines(): Promise<string>;
}

const soon = { stop_grace_period: '1s' };
const lasting = { restart: 'always', ...soon };

/** The options of a Meet for walks: everything in it starts with the engine. */
export const meetForWalks: MeetOptions = {
  services: { frontend: soon, backend: lasting, 'meet-gen': lasting, tools: lasting },
  scale: { frontend: 2, backend: 1 },
};

const linesTold = 40;
const widthTold = 400;

/** meet-gen in its container, with a restart policy. */
export function containedMeetGen(meet: MeetStack): MeetGen {
  const name = 'meet-gen-1';
  return {
    status: meet.status,
    async render() {
      const command = 'meet-gen render; code=$?; [ $code -eq 0 ] || [ $code -eq 7 ]';
      return meet.docker('exec', meet.container(name), 'sh', '-c', command);
    },
    async crash() {
      const restarts = await meet.inspect(name, '{{.RestartCount}}');
      await meet.crash(name, 'meet-gen');
      await waitUntil('the engine has restarted meet-gen', async () => {
        const [count, state] = (await meet.inspect(name, '{{.RestartCount}} {{.State.Status}}')).split(' ');
        return count !== restarts && state === 'running';
      });
    },
    restart: async () => void (await meet.docker('restart', '--time', '5', meet.container(name))),
    lastLogLines: async () => lastLines(await meet.logs('meet-gen')),
  };
}

/** meet-gen as a process on the host, which runs on while the engine is down. */
export function hostedMeetGen(hosted: HostedMeet): MeetGen {
  return {
    status: hosted.status,
    render: hosted.render,
    crash: () => hosted.restart('SIGKILL'),
    restart: () => hosted.restart('SIGTERM'),
    lastLogLines: () => Promise.resolve(lastLines(hosted.sidecar().stderr())),
  };
}

const lastLines = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .slice(-linesTold)
    .map((line) => line.slice(0, widthTold))
    .join('\n');
