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
  sidecarLog,
} from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';
import { generationIn } from '../facts/stub.ts';
import { isSwarmTask } from '../facts/swarm.ts';

/** Checks whose findings explain a frontend without its servers. */
export const fileChecks = ['conf-d-hidden', 'stub', 'routing-mount', 'single-file-mount', 'rival-server'];
/** Checks whose findings explain a Meet without a backend that answers. */
const backendChecks = ['containers-run', 'meet-port', 'shared-network', 'role-word', 'role-missing', 'role-on-worker', 'labels'];

export const routingChecks: readonly Check[] = [
  {
    id: 'routing-port',
    title: 'the frontend listens on 8083',
    symptom: '502 on all routes.',
    looksAt: 'a request to port 8083 of each frontend',
    why: 'only the mounted stub has a server on 8083, and not the image',
    cure: "Read the frontend's log (`docker logs`), which names a missing file, or a file that nginx refuses.",
    weight: 'failure',
    run: (facts) => frontendEach(facts, judgeListening),
  },
  {
    id: 'generation',
    title: 'the frontend serves the file that meet-gen published last',
    symptom: 'New containers get no requests, or old addresses still get some: 502 or 504 for some requests.',
    looksAt: "the published file, against the running nginx's answer at `/generation` on the status port",
    why: 'a signal can be lost, and nginx keeps the old configuration when it refuses a file, so only the answer shows what nginx serves',
    cure: "Read meet-gen's log, and test the file with the frontend's own nginx: `docker exec <frontend> nginx -t`.",
    weight: 'failure',
    run: (facts) => frontendEach(facts, judgeGeneration),
  },
  {
    id: 'meet-port',
    title: 'a server listens on the port that nginx sends requests to',
    symptom: '503 on the API although the backend is healthy.',
    looksAt: "a connection from the doctor's container to `meet.port` (for a backend 8000) of each replica",
    why: 'a health check can succeed on another port from inside, while the port for requests refuses connections',
    cure: 'Set `meet.port` to the port that the program listens on.',
    weight: 'failure',
    run: judgePorts,
  },
  {
    id: 'api',
    title: 'the API answers JSON through the frontend',
    symptom: 'The pages load but show errors; the API returns 301 in a loop; 400, 502 or 503.',
    looksAt:
      '`/api/v1.0/config/` on port 8083 of each frontend, with the headers of nginx-proxy: the public Host and `X-Forwarded-Proto: https`',
    why: 'this request passes every step from the frontend to the backend, and any answer but JSON shows the failing step',
    cure: "HTML: the route is missing. 301: `X-Forwarded-Proto https` is missing or `$scheme`. 400: the host is not in `DJANGO_ALLOWED_HOSTS`. 502 and 503: read the backend's log, and check its health.",
    weight: 'failure',
    run: (facts) => frontendEach(facts, (subject, frontend) => judgeApi(facts, subject, frontend)),
  },
];

function judgeListening(subject: Subject, { api }: FrontendFacts): Outcome {
  const { listen } = portsOf(subject);
  if (api.kind === 'unreachable') return notReachable(subject, api.reason);
  if (api.kind === 'refused') {
    return finding(
      subject,
      `no server listens on ${listen}, so nginx-proxy answers 502 on all routes`,
      "read the cause in the frontend's log",
      {
        paste: [`docker logs --tail 50 ${shellName(subject)}`, `docker exec ${shellName(subject)} nginx -t`],
        unless: fileChecks,
      },
    );
  }
  return ok;
}

function judgeGeneration(subject: Subject, { status, published, api, confD }: FrontendFacts): Outcome {
  const { name } = subject.container;
  if (status.kind === 'denied')
    return unchecked(`${name}: its status server only answers on the Meet's own networks; ${runOnMeetNetwork(subject)}`);
  if (status.kind === 'silent') {
    if (api.kind === 'unreachable') return notReachable(subject, api.reason);
    return finding(subject, `its status server does not answer (${status.reason})`, "read the cause in the frontend's log", {
      paste: [`docker logs --tail 50 ${shellName(subject)}`],
      unless: [...fileChecks, 'routing-port'],
    });
  }
  const text = confD.known ? confD.value.get('routing.conf') : undefined;
  const mounted = text === undefined ? undefined : generationIn(text);
  if (mounted === undefined && !published.known) return unchecked(`${name}: ${published.why}`);
  const wanted = mounted ?? (published.known && published.value !== undefined ? generationIn(published.value) : undefined);
  if (wanted === undefined) {
    return finding(subject, 'meet-gen has not published a file for this frontend yet', 'check that meet-gen is running, and read its log', {
      paste: [sidecarLog(subject)],
      unless: [...fileChecks, 'meet-gen'],
    });
  }
  if (status.generation === wanted) return ok;
  const serves = status.generation === 'none' ? 'no published file' : `generation ${status.generation}`;
  return finding(
    subject,
    `nginx serves ${serves}, but the published generation is ${wanted}`,
    "test the file with nginx, and read meet-gen's log",
    {
      paste: [`docker exec ${shellName(subject)} nginx -t`, sidecarLog(subject)],
      unless: [...fileChecks, 'meet-gen', 'first-process'],
    },
  );
}

function judgePorts(facts: Facts): readonly Outcome[] {
  return runningOf(facts, 'backend', 'service', 'media').flatMap((subject) => {
    const { container } = subject;
    const trial = facts.ports.get(container.id);
    if (trial === undefined) return [];
    if (trial.answer.kind === 'unknown') return [unchecked(`${container.name}: ${trial.answer.reason}; ${runOnMeetNetwork(subject)}`)];
    const wrong = judgePort(trial, container.exposedTcpPorts);
    if (wrong === undefined) return [ok];
    if (container.health === 'starting' || container.health === 'unhealthy') return [unchecked(`${container.name} is ${container.health}`)];
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
  if (api.kind === 'refused') return unchecked(`${name}: no server listens on port ${portsOf(subject).listen}`);
  if (api.kind === 'garbled')
    return finding(subject, `the server on port ${portsOf(subject).listen} doesn't speak HTTP (${api.reason})`, "read the frontend's log", {
      unless: fileChecks,
    });
  const { status, content, location } = api;
  if (status === 200 && content === 'json') return ok;
  const backends = ofSameMeet(subject, subjectsOf(facts, 'backend'));
  if (status === 200 && content === 'html') {
    return finding(subject, 'the API answers with the HTML of the SPA, since /api has no route', 'replace the server on 8083 by the stub', {
      paste: [recreate(subject)],
      unless: fileChecks,
    });
  }
  if (status === 301 || status === 308) {
    const what = `the API answers ${status}${location?.startsWith('https:') === true ? ' to https' : ''}: X-Forwarded-Proto doesn't say https, so the backend redirects in a loop`;
    return finding(subject, what, 'remove meet.forwarded-proto; in your own configuration, hard-code the header (not $scheme)', {
      paste: ['proxy_set_header X-Forwarded-Proto https;'],
    });
  }
  if (status === 400) {
    if (host === undefined)
      return unchecked(`${name}: its public host is unknown (no meet.host, no VIRTUAL_HOST), so Django refuses the request`);
    const [backend] = backends;
    const what = `the backend refuses the host ${host} (400): it is not in DJANGO_ALLOWED_HOSTS`;
    const paste = [
      ...(backend === undefined ? [] : composeLines(backend, ['environment:', `  DJANGO_ALLOWED_HOSTS: ${host}`])),
      '',
      recreate(backend ?? subject),
    ];
    return finding(subject, what, 'allow the public name in the backend: in .env, or with these lines', { paste });
  }
  const states = backends.map(
    ({ container: { name: backend, state, health } }) => `${backend} is ${state}${health.endsWith('none') ? '' : `, ${health}`}`,
  );
  const stateText = states.length === 0 ? noBackend(subject) : states.join('; ');
  const paste = backends.slice(0, 2).map((backend) => `docker logs --tail 50 ${shellName(backend)}`);
  const unless = [...fileChecks, ...backendChecks];
  if (status === 502)
    return finding(
      subject,
      `the API answers 502: the address of the backend doesn't answer (${stateText})`,
      'read the log of the backend',
      {
        paste,
        unless,
      },
    );
  if (status === 503)
    return finding(
      subject,
      `the API answers 503: no backend is in rotation, or the backend closes connections without an answer (${stateText})`,
      'read in the log why the backend is not ready',
      {
        paste,
        unless,
      },
    );
  if (status === 504)
    return finding(
      subject,
      `the API answers 504: the backend accepts requests but does not answer in time (${stateText})`,
      'read the log of the backend',
      { paste, unless },
    );
  return finding(subject, `the API answers ${status} instead of JSON`, 'read the log of the backend', { paste, unless });
}

function noBackend({ container }: Subject): string {
  return isSwarmTask(container)
    ? 'no backend runs on this node; docker service ps, on a manager, shows those of other nodes'
    : 'no container has meet.role=backend';
}

function notReachable(subject: Subject, reason: string): Outcome {
  return unchecked(`the doctor can't reach ${subject.container.name} (${reason}); ${runOnMeetNetwork(subject)}`);
}

/** Names the project's own network, since the status server refuses other networks. */
function runOnMeetNetwork(subject: Subject): string {
  const { networks } = subject.container;
  if (networks.length === 0) return 'the container is on no network';
  const names = networks.flatMap(({ name }) => parseEngineName(name) ?? []).toSorted();
  const own = names.find((name) => subject.project !== undefined && name.startsWith(`${subject.project}_`)) ?? names[0];
  const attachable = isSwarmTask(subject.container) ? ', which must be `attachable: true` in the stack file' : '';
  return `run the doctor on a network of its Meet${own === undefined ? '' : `: docker run --network "${own}" …`}${attachable}`;
}
