import { containedStatusSocket } from '../../support/status-socket.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Explanation } from '../../../src/explain/explanation.ts';
import { backendPreset } from '../../../src/routes/preset.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { headerOf } from '../../support/load/response-reader.ts';
import type { Response } from '../../support/load/response-reader.ts';
import { startMeet, usualFrontend } from '../../support/meet-stack.ts';
import type { MeetStack } from '../../support/meet-stack.ts';
import { askTargets } from '../../support/raw-requests.ts';
import { seededRandom } from '../../support/seeded-random.ts';

// `explain` compared with the answers of real nginx, in both versions that must load the file.

const seed = Number(process.env['EXPLAIN_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const frontends = ['frontend-1', 'frontend-old-1'] as const;
const asksToMeetAll = 4;
const roomsEach = 100;
/** The length of a command's argument is limited. */
const targetsAtOnce = 500;

const service = (paths: string) => ({
  image: 'meet-gen-test/backend:latest',
  networks: ['internal'],
  labels: { 'meet.role': 'service', 'meet.port': '8000', 'meet.paths': paths },
});

let meet: MeetStack;
let ports: ReadonlyMap<string, number>;

beforeAll(async () => {
  const engine = providedEngine();
  meet = await startMeet(engine, 'explain', {
    services: {
      'frontend-old': { ...usualFrontend(engine), image: 'meet-gen-test/frontend:1.22' },
      files: service('/files'),
      // Sorts after `files`, which has the path `/files` already.
      files2: service('/files,/files2'),
      nested: service('/api/nested'),
      below: service('/below/'),
      only: service('=/only'),
      // Guarded, but open to every address.
      kept: {
        ...service('/kept'),
        labels: {
          ...service('/kept').labels,
          'meet.allow.all': '/kept from 0.0.0.0/0, ::/0',
          'meet.allow.in': '/kept/in from 0.0.0.0/0, ::/0',
        },
      },
      gone: service('/gone'),
      // Not on a network that the frontends share.
      lost: { ...service('/lost'), networks: ['default'] },
      // The health check never passes, so the container is standby.
      unready: { ...service('/unready'), healthcheck: { test: ['CMD', 'false'], interval: '1h', start_period: '1h' } },
    },
    scale: { backend: 2 },
    networks: { default: {} },
  });
  await meet.docker('stop', '--time', '1', meet.container('gone-1'));
  await meet.routed({
    '/api/x': ['backend-1', 'backend-2'],
    '/gone': ['503, retry after 5'],
    '/files2': ['files2-1'],
    '/unready': ['unready-1'],
  });
  await meet.converged();
  ports = new Map(await Promise.all(frontends.map(async (name) => [name, (await meet.port(name, 8083)) ?? NaN] as const)));
});
afterAll(() => meet?.down());
stopAtFirstFailure();

function askFrontend(frontend: string, targets: readonly string[]): Promise<readonly Response[]> {
  return askTargets(providedEngine().publishAddress, ports.get(frontend) ?? 0, targets);
}

/** Asks the running sidecar on its socket, as the command does, but for many targets in one process. */
async function explainAll(targets: readonly string[]): Promise<readonly Explanation[]> {
  const explanations: Explanation[] = [];
  for (let from = 0; from < targets.length; from += targetsAtOnce) {
    const some = JSON.stringify(targets.slice(from, from + targetsAtOnce));
    explanations.push(
      ...(JSON.parse(await meet.docker('exec', meet.container('meet-gen-1'), 'node', '-e', askExplain, some)) as Explanation[]),
    );
  }
  return explanations;
}

const askExplain = `
  const { request } = require('node:http');
  const ask = (target) => new Promise((resolve, reject) => {
    const path = '/explain?target=' + encodeURIComponent(target);
    const asked = request({ socketPath: ${containedStatusSocket}, path, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text) => (body += text)).on('end', () => resolve(JSON.parse(body)));
    });
    asked.on('error', reject).end();
  });
  (async () => {
    const all = [];
    for (const target of JSON.parse(process.argv[1])) all.push(await ask(target));
    console.log(JSON.stringify(all));
  })();
`;

/** The answer in the words of an explanation: the kind, and the id of an answering container. */
function describeAnswer({ status, head, body }: Response): string {
  const container = headerOf(head, 'x-backend-host');
  if (container !== undefined) return `service ${container}`;
  if (status === 200 && body.includes('SPA of')) return 'spa';
  return { 301: 'redirect', 400: 'bad-request', 503: 'unavailable' }[status] ?? `status ${status}`;
}

/** Every answer that the explanation allows. */
function explainedAnswers({ instances }: Explanation): readonly string[] {
  const [answer] = instances;
  if (answer?.answer !== 'service') return [answer?.answer ?? 'no answer'];
  return answer.containers.flatMap(({ id, place }) => (place === 'answers' ? [`service ${id}`] : [])).toSorted();
}

/** Separated by white space. */
const targets = String.raw`
  / /?x /#x // /. /./ /.. /../ /%2e /%2e%2e /abc-defg-hij /feedback /index.html /api.js
  /api /api/ /api/v1.0/config/ /api?x=1 /api#x /api/?x=/files /api-abcd-efg /apix /API/ /api. /api;x=1
  /%61pi /%61%70%69/ /api%2Fx /api%2fx /api%2F /api%252Fx /api%3Fx /api%23x /api%20 /api%00 /api% /api%2 /api%zz
  //api//x /api// /./api/x /x/../api/x /x/..%2fapi/x /x/%2e%2e/api /api/.. /api/../ /api/../files /api/../../x /api/.
  /admin/ /static/a.js /oidc /healthz /webhook/x /external-api/v1.0/ /jwks /__lbheartbeat__ /__heartbeat__ /__version__
  /files /files/ /files/x /files2 /files2/x /filesx /file /Files /files/../files2 /files/%2e%2e/only
  /api/nested /api/nested/ /api/nested/x /api/nestedx /api/nested/.. /api/./nested//x
  /below /below/ /below/x /below?x /below%2f /only /only/ /only/x /only?x /only/. /x/../only /onl%79
  /kept /kept/x /kept/in/x /kept/ke%2e.x /kept/a%20b /kept?x=//../ /kept/... /kept/.x /kept/x.. /kept/100%25 /kept/%2520 /kept/a;b
  /kept/../kept /kept/x/.. /kept/x/../in /kept/. /kept//x /kept/x// //kept /x/../kept/x /kept/%2e%2E/kept/x /kept/.%2e/kept /kept%2Fx
  /kept/x%5cy /kept/x\y /kept/%252e /kept/%2561 /kept/%25%36%31 /kept/..;/kept /kept/..;x/kept /kept/;/x /kept/%3bx /kept/..#/kept
  /gone /gone/ /gone/x /lost /lost/x /unready/x
  /é /%c3%a9 /api/%c3%a9 /x?%zz /x?é /\api /api\..\x /a+b /~x
`
  .trim()
  .split(/\s+/);

test('explain agrees with the real answers of every frontend', async () => {
  const explained = (await explainAll(targets)).map((explanation, index) => ({
    target: targets[index],
    answers: explainedAnswers(explanation),
  }));
  for (const frontend of frontends) {
    const real: { target: string | undefined; answers: readonly string[] }[] = [];
    for (const target of targets) {
      const responses = await askFrontend(
        frontend,
        Array.from({ length: asksToMeetAll }, () => target),
      );
      real.push({ target, answers: [...new Set(responses.map(describeAnswer))].toSorted() });
    }
    expect(real).toEqual(explained);
  }
  const kinds = new Set(explained.flatMap(({ answers }) => answers.map((answer) => answer.split(' ')[0])));
  expect(kinds).toEqual(new Set(['bad-request', 'service', 'spa', 'unavailable']));
  expect(explained.some(({ answers }) => answers.length === 2)).toBe(true);
});

test(`explain agrees with nginx for random targets (EXPLAIN_SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? '';
  const words = [
    '/',
    '/',
    '/',
    '//',
    '.',
    '..',
    '/..',
    '/../',
    '/.',
    '%2e',
    '%2E%2e',
    '%2f',
    '%2F',
    '%',
    '%2',
    '%00',
    '%3f',
    '%23',
    '%25',
    '%252f',
    '%5c',
    '\\',
    ';',
    '%61',
    '?',
    '#',
  ];
  const names = ['api', 'files', 'files2', 'nested', 'below', 'only', 'gone', 'kept', 'kept', 'x', '%c3%a9', '-abcd-efg', 'API', '+', '~'];
  const all = Array.from({ length: 600 }, () => {
    const parts = Array.from({ length: 1 + Math.floor(random() * 8) }, () => (random() < 0.4 ? pick(names) : pick(words)));
    return `/${parts.join('')}`;
  });
  // The backend's stand-in reads two leading slashes as the start of a host.
  const made = all.filter((target) => URL.canParse(target, 'http://backend'));
  expect(made.length).toBeGreaterThan(450);
  const explained = await explainAll(made);
  for (const frontend of frontends) {
    const answers = await askFrontend(frontend, made);
    const wrong = answers.flatMap((answer, index) => {
      const expected = explained[index] === undefined ? [] : explainedAnswers(explained[index]);
      const seen = describeAnswer(answer);
      return expected.includes(seen) ? [] : [{ target: made[index], seen, expected }];
    });
    expect(wrong).toEqual([]);
  }
});

const explain = (...args: readonly string[]): Promise<string> =>
  meet.docker('exec', meet.container('meet-gen-1'), 'meet-gen', 'explain', ...args);

describe('the command', () => {
  test('shows the location, the service, and its containers with state and address', async () => {
    // The widths of columns depend on their texts.
    const output = (await explain('https://meet.example.com/api/v1.0/config/')).replaceAll(/(?<=\S) +/g, ' ');
    const address = await meet.address('backend-1', meet.internalNetwork);
    expect(output).toContain(`${meet.project}: ${meet.project}/backend answers\n    location ^~ /api/\n`);
    expect(output).toContain(
      `answers ${meet.container('backend-1')} ${address}:8000 on ${meet.internalNetwork} running, without a health check`,
    );
    expect(output).toContain(`${meet.container('frontend-1')} running serves the published file (live)`);
  });

  test('names the networks of a container that shares no network with the frontends, and a command that fixes it', async () => {
    const ended: unknown = await explain('/lost').catch((error: unknown) => error);
    const connect = `docker network connect ${meet.internalNetwork} ${meet.container('lost-1')}`;
    expect(String(ended)).toContain(`it is on ${meet.project}_default, the frontends share ${meet.proxyNetwork}, ${meet.internalNetwork}`);
    expect(String(ended)).toContain(connect);
    await meet.docker(...connect.split(' ').slice(1));
    await meet.routed({ '/lost': ['lost-1'] });
    expect(await explain('/lost')).toContain(`answers  ${meet.container('lost-1')}`);
  });
});

const letters = 'abcdefghijklmnopqrstuvwxyz';
const forms: Readonly<Record<string, (prefix: string, word: (length: number, from?: string) => string) => string>> = {
  dashed: (prefix, word) => `${prefix}-${word(4)}-${word(3)}`,
  dashless: (prefix, word) => `${prefix}${word(7)}`,
  digits: (prefix, word) => `${prefix}-${word(4, '0123456789')}-${word(3, '0123456789')}`,
  capitals: (prefix, word) => `${prefix.toUpperCase()}-${word(4, letters.toUpperCase())}-${word(3, letters.toUpperCase())}`,
  'capitals behind': (prefix, word) => `${prefix}-${word(4, letters.toUpperCase())}-${word(3, letters.toUpperCase())}`,
};

describe.each(Object.entries(forms))('rooms, %s', (_, form) => {
  test.each(backendPreset)(`${roomsEach} rooms that begin with %s reach the SPA (EXPLAIN_SEED=${seed})`, async (prefix) => {
    const random = seededRandom(seed);
    const word = (length: number, from = letters): string =>
      Array.from({ length }, () => from[Math.floor(random() * from.length)]).join('');
    const rooms = Array.from({ length: roomsEach }, () => form(prefix, word));
    const answers = await askFrontend('frontend-1', rooms);
    expect(rooms.filter((_room, index) => answers[index] === undefined || describeAnswer(answers[index]) !== 'spa')).toEqual([]);
  });
});
