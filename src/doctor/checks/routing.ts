import type { Facts, FrontendFacts, Subject } from '../facts/facts.ts';
import { parseEngineName } from '../../nginx/token.ts';
import { judgePort } from '../../model/port-trial.ts';
import {
  composeLines,
  frontendEach,
  ofSameMeet,
  subjectsOf,
  portsOf,
  publicHostsOf,
  recreate,
  runningOf,
  shellName,
} from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';
import { generationIn } from '../facts/stub.ts';

/** What leaves a frontend without its servers. */
export const fileChecks = ['conf-d-hidden', 'stub', 'routing-mount', 'single-file-mount', 'rival-server'];
/** What leaves a Meet without a backend that answers. */
const backendChecks = ['containers-run', 'meet-port', 'shared-network', 'role-word', 'role-missing', 'role-on-worker', 'labels'];

export const routingChecks: readonly Check[] = [
  {
    id: 'routing-port',
    title: 'the frontend listens on 8083',
    symptom: '502 on all routes.',
    looksAt: 'a request to port 8083 of each frontend',
    why: 'the image has no server on 8083: it comes from the mounted stub alone',
    cure: "See the frontend's log (`docker logs`): a file missing or refused by nginx is named there.",
    weight: 'failure',
    run: (facts) => frontendEach(facts, judgeListening),
  },
  {
    id: 'generation',
    title: 'the frontend serves what meet-gen published last',
    symptom: 'New containers get no requests, or old addresses still do: 502 or 504 now and then.',
    looksAt: 'the published file, against what the running nginx says at `/generation` on the status port',
    why: 'only the running nginx can tell what it serves: a signal can be lost, and nginx goes on with the old file when it refuses the new one',
    cure: "See meet-gen's log, and test the file with the frontend's own nginx: `docker exec <frontend> nginx -t`.",
    weight: 'failure',
    run: (facts) => frontendEach(facts, judgeGeneration),
  },
  {
    id: 'meet-port',
    title: 'something listens on the port that requests are sent to',
    symptom: '503 on the API although the backend is well.',
    looksAt: "a connection to `meet.port` (a backend's is 8000) of each container that requests are sent to, from where the doctor runs",
    why: 'a refused connection is no answer, whatever the health check says: that asks from inside, on a port of its own',
    cure: 'Set `meet.port` to the port that the program listens on.',
    weight: 'failure',
    run: judgePorts,
  },
  {
    id: 'api',
    title: 'the API answers JSON through the frontend',
    symptom: 'The pages load but show errors; the API returns 301 in a loop; 400, 502 or 503.',
    looksAt:
      '`/api/v1.0/config/` on port 8083 of each frontend, asked as nginx-proxy asks: with the public Host and `X-Forwarded-Proto: https`',
    why: 'it is the whole way from the frontend to the backend; what comes instead of JSON tells where the way ends',
    cure: "HTML: the route is missing. 301: `X-Forwarded-Proto https` is missing or `$scheme`. 400: the host is not in `DJANGO_ALLOWED_HOSTS`. 502 and 503: see the backend's log and health.",
    weight: 'failure',
    run: (facts) => frontendEach(facts, (subject, frontend) => judgeApi(facts, subject, frontend)),
  },
];

function judgeListening(subject: Subject, { api }: FrontendFacts): Outcome {
  const { listen } = portsOf(subject);
  if (api.kind === 'unreachable') return notReachable(subject, api.reason);
  if (api.kind === 'refused') {
    return finding(subject, `nothing listens on ${listen}: nginx-proxy answers 502 on all routes`, "see why in the frontend's log", {
      paste: [`docker logs --tail 50 ${shellName(subject)}`, `docker exec ${shellName(subject)} nginx -t`],
      unless: fileChecks,
    });
  }
  return ok;
}

function judgeGeneration(subject: Subject, { status, published, api, confD }: FrontendFacts): Outcome {
  const { name } = subject.container;
  if (status.kind === 'denied')
    return unchecked(`${name}: its status server tells the Meet's own networks alone; ${runOnMeetNetwork(subject)}`);
  if (status.kind === 'silent') {
    if (api.kind === 'unreachable') return notReachable(subject, api.reason);
    return finding(subject, `its status server does not answer (${status.reason})`, "see why in the frontend's log", {
      paste: [`docker logs --tail 50 ${shellName(subject)}`],
      unless: [...fileChecks, 'routing-port'],
    });
  }
  const text = confD.known ? confD.value.get('routing.conf') : undefined;
  const mounted = text === undefined ? undefined : generationIn(text);
  if (mounted === undefined && !published.known) return unchecked(`${name}: ${published.why}`);
  const wanted = mounted ?? (published.known && published.value !== undefined ? generationIn(published.value) : undefined);
  if (wanted === undefined) {
    return finding(subject, 'nothing is published for it yet', 'see whether meet-gen runs and what it says', {
      paste: ['docker compose logs --tail 50 meet-gen'],
      unless: [...fileChecks, 'meet-gen'],
    });
  }
  if (status.generation === wanted) return ok;
  const serves = status.generation === 'none' ? 'no published file at all' : `generation ${status.generation}`;
  return finding(subject, `it serves ${serves}, published is ${wanted}`, "see what nginx says of the file, and what meet-gen's log says", {
    paste: [`docker exec ${shellName(subject)} nginx -t`, 'docker compose logs --tail 50 meet-gen'],
    unless: [...fileChecks, 'meet-gen', 'first-process'],
  });
}

function judgePorts(facts: Facts): readonly Outcome[] {
  return runningOf(facts, 'backend', 'service', 'media').flatMap((subject) => {
    const { container } = subject;
    const trial = facts.ports.get(container.id);
    if (trial === undefined) return [];
    if (trial.answer.kind === 'unknown') return [unchecked(`${container.name}: ${trial.answer.reason}; ${runOnMeetNetwork(subject)}`)];
    const wrong = judgePort(trial, container.exposedTcpPorts);
    if (wrong === undefined) return [ok];
    if (container.health !== 'none' && container.health !== 'healthy') return [unchecked(`${container.name} is ${container.health}`)];
    const paste =
      wrong.meant === undefined
        ? [`docker logs --tail 50 ${shellName(subject)}`]
        : [...composeLines(subject, ['labels:', `  meet.port: "${wrong.meant}"`]), '', recreate(subject)];
    return [finding(subject, wrong.message, wrong.cure, { paste, unless: ['role-on-worker'] })];
  });
}

function judgeApi(facts: Facts, subject: Subject, { api }: FrontendFacts): Outcome {
  const { name } = subject.container;
  const [host] = publicHostsOf(subject);
  if (api.kind === 'unreachable') return notReachable(subject, api.reason);
  if (api.kind === 'refused') return unchecked(`${name}: nothing listens there`);
  if (api.kind === 'garbled')
    return finding(subject, `port ${portsOf(subject).listen} speaks no HTTP (${api.reason})`, "see the frontend's log", {
      unless: fileChecks,
    });
  const { status, content, location } = api;
  if (status === 200 && content === 'json') return ok;
  const backends = ofSameMeet(subject, subjectsOf(facts, 'backend'));
  if (status === 200 && content === 'html') {
    return finding(
      subject,
      'the API answers the HTML of the SPA: /api is routed to nowhere else',
      'put the stub in place of whatever answers on 8083',
      {
        paste: [recreate(subject)],
        unless: fileChecks,
      },
    );
  }
  if (status === 301 || status === 308) {
    const what = `the API answers ${status}${location?.startsWith('https:') === true ? ' to https' : ''}: the backend is not told that the browser came by https, and redirects in a loop`;
    return finding(subject, what, 'remove meet.forwarded-proto, or in a routing of your own hard-code the header (not $scheme)', {
      paste: ['proxy_set_header X-Forwarded-Proto https;'],
    });
  }
  if (status === 400) {
    if (host === undefined)
      return unchecked(`${name}: its public host is not known (no meet.host, no VIRTUAL_HOST), so Django refuses the question`);
    const [backend] = backends;
    const what = `the backend refuses the host ${host} (400): it is not in DJANGO_ALLOWED_HOSTS`;
    const paste = [
      ...(backend === undefined ? [] : composeLines(backend, ['environment:', `  DJANGO_ALLOWED_HOSTS: ${host}`])),
      '',
      recreate(backend ?? subject),
    ];
    return finding(subject, what, 'allow the public name in the backend (.env, or here)', { paste });
  }
  const states = backends.map(
    ({ container }) => `${container.name} is ${container.state}${container.health === 'none' ? '' : `, ${container.health}`}`,
  );
  const told = states.length === 0 ? 'there is no container with meet.role=backend' : states.join('; ');
  const paste = backends.slice(0, 2).map((backend) => `docker logs --tail 50 ${shellName(backend)}`);
  const unless = [...fileChecks, ...backendChecks];
  if (status === 502)
    return finding(subject, `the API answers 502: nginx reaches an address where nobody answers (${told})`, 'see the log of the backend', {
      paste,
      unless,
    });
  if (status === 503)
    return finding(
      subject,
      `the API answers 503: no backend takes requests, or it closes them without an answer (${told})`,
      'see why the backend is not ready',
      {
        paste,
        unless,
      },
    );
  if (status === 504)
    return finding(
      subject,
      `the API answers 504: the backend accepts requests and does not answer (${told})`,
      'see the log of the backend',
      { paste, unless },
    );
  return finding(subject, `the API answers ${status} instead of JSON`, 'see the log of the backend', { paste, unless });
}

function notReachable(subject: Subject, reason: string): Outcome {
  return unchecked(`${subject.container.name} can't be reached from here (${reason}); ${runOnMeetNetwork(subject)}`);
}

/** The project's own network, since the status server tells no other. */
function runOnMeetNetwork(subject: Subject): string {
  const { networks } = subject.container;
  if (networks.length === 0) return 'it is on no network';
  const names = networks.flatMap(({ name }) => parseEngineName(name) ?? []).toSorted();
  const own = names.find((name) => subject.project !== undefined && name.startsWith(`${subject.project}_`)) ?? names[0];
  return `run the doctor on a network of its Meet${own === undefined ? '' : `: docker run --network "${own}" …`}`;
}
