import type { StatusSnapshot } from '../../../src/status/snapshot.ts';
import type { Engine } from '../../providers/engine/docker-command.ts';
import { startMeet, usualFrontend, type MeetOptions, type MeetStack } from '../meet-stack.ts';
import { waitUntil } from '../wait-until.ts';
import { ignored, shadow, type Mounts } from './ignored.ts';

/** An access to the engine from the contract, and its promises. */
export interface Access {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** More services, and changed keys of the usual services. */
  readonly services?: MeetOptions['services'];
  readonly scale?: MeetOptions['scale'];
  readonly configs?: MeetOptions['configs'];
  /** A frontend's mounts instead of the usual stub. */
  readonly stub?: Mounts['configs'];
  readonly networks?: MeetOptions['networks'];
  /** Candidates are tested before publication. */
  readonly tested: boolean;
  /** Problems have nginx's own words. */
  readonly words: boolean;
}

/** A Meet that gets refused configurations. */
export interface RefusalScene {
  readonly meet: MeetStack;
  readonly access: Access;
  /** Appends a text to the shipped template, and removes an earlier one. */
  editTemplate(text: string): Promise<void>;
  /** Writes the user's snippet in all frontends. */
  writeSnippet(text: string): Promise<void>;
  /** Lets another process in the container listen on a port. */
  occupyPort(container: string, port: number): Promise<void>;
  /** Sends SIGHUP, so that meet-gen retries after a fix that it can't see. */
  touchInput(): Promise<void>;
  converged(): Promise<StatusSnapshot>;
  /** Waits until the published file lacks this text: without tests, meet-gen publishes candidates to try them. */
  settled(mark: string): Promise<void>;
  /** Reads the published file. */
  published(): Promise<string>;
  /** Reads the copy of the refused file. */
  rejected(): Promise<{ readonly content: string; readonly words: string }>;
  /** Waits for a problem with one of these codes and this message. */
  problem(code: string | readonly string[], message: RegExp): Promise<void>;
}

const service = (path: string): Readonly<Record<string, unknown>> => ({
  image: 'meet-gen-test/backend:latest',
  labels: { 'meet.role': 'service', 'meet.paths': path, 'meet.port': '8000' },
  networks: ['internal'],
});

/** Enough for several rounds of three signals and a pause on a busy machine. */
const patienceMs = 60_000;

export async function startRefusalScene(engine: Engine, part: string, access: Access): Promise<RefusalScene> {
  const mounts = {
    configs: access.stub ?? usualFrontend(engine).configs,
    volumes: ['routing:/etc/nginx/meet-routing:ro', 'snippets:/etc/nginx/meet-routing.d:ro'],
  };
  const frontend = { stop_grace_period: '2s', ...mounts };
  const odd = ignored.map(({ service: name, differs }) => [name, { ...usualFrontend(engine), ...frontend, ...differs(mounts) }] as const);
  const meet = await startMeet(engine, part, {
    environment: access.environment,
    volumes: ['snippets'],
    services: {
      files: service('/files'),
      more: service('/more'),
      ...access.services,
      frontend: { ...frontend, ...access.services?.['frontend'] },
      older: { ...usualFrontend(engine), ...frontend, image: 'meet-gen-test/frontend:1.22' },
      ...Object.fromEntries(odd),
    },
    configs: { ...shadow, ...access.configs },
    ...(access.networks === undefined ? {} : { networks: access.networks }),
    scale: { files: 0, more: 0, older: 0, ...access.scale, ...Object.fromEntries(odd.map(([name]) => [name, 0])) },
    patienceMs,
  });
  const write = async (path: string, text: string): Promise<void> => {
    const encoded = Buffer.from(text).toString('base64');
    await meet.tool('sh', '-c', `echo ${encoded} | base64 -d > ${path}.new && mv ${path}.new ${path}`);
  };
  await meet.tool('cp', '/templates/routing.conf.eta', '/templates/.shipped');
  const shipped = await meet.tool('cat', '/templates/.shipped');
  const read = (path: string): Promise<string> => meet.tool('cat', path);
  return {
    meet,
    access,
    editTemplate: (text) => write('/templates/routing.conf.eta', shipped + text),
    writeSnippet: (text) => write('/snippets/own.conf', text),
    async occupyPort(container, port) {
      const config = `pid /tmp/other.pid; error_log /tmp/other.log; events {} http { access_log off; client_body_temp_path /tmp/o1; proxy_temp_path /tmp/o2; fastcgi_temp_path /tmp/o3; uwsgi_temp_path /tmp/o4; scgi_temp_path /tmp/o5; server { listen ${port}; return 204; } }`;
      await meet.docker('exec', meet.container(container), 'sh', '-c', `echo '${config}' > /tmp/other.conf && nginx -c /tmp/other.conf`);
    },
    async touchInput() {
      await meet.docker('kill', '--signal', 'HUP', meet.container('meet-gen-1'));
    },
    converged: () => meet.converged(),
    async settled(mark) {
      const isGone = async (): Promise<boolean> => !(await read('/routing/routing.conf')).includes(mark);
      await waitUntil('the refused text is removed', isGone, patienceMs);
    },
    published: () => read('/routing/routing.conf'),
    rejected: async () => ({ content: await read('/routing/.rejected.conf'), words: await read('/routing/.rejected.txt') }),
    async problem(code, message) {
      const codes = [code].flat();
      let last: StatusSnapshot | undefined;
      await waitUntil(
        `${codes.join(' or ')}: ${String(message)}`,
        async () => {
          // meet-gen may just be starting.
          last = await meet.status().catch(() => undefined);
          return last?.problems.some((item) => codes.includes(item.code) && message.test(item.message));
        },
        patienceMs,
        () => JSON.stringify(last?.problems, undefined, 1),
      );
    },
  };
}
