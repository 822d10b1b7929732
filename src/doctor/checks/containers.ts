import type { Facts, Inspection, Subject } from '../facts/facts.ts';
import { composeLines, inspectEach, notOwn, subjectsOf, recreate, routingFrontends, runningOf, shellName } from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';
import { partsOfMeet } from '../facts/part.ts';
import type { Part } from '../facts/facts.ts';
import { isSignalled } from './frontend-process.ts';
import { fileChecks } from './routing.ts';
import { isSwarmTask } from '../facts/swarm.ts';

/** gunicorn finishes requests in flight for up to this time. */
const drainSeconds = 90;

const longRunning: readonly Part[] = [...partsOfMeet, 'outer-proxy', 'acme-companion'];

export const containerChecks: readonly Check[] = [
  {
    id: 'containers-run',
    title: 'every container of the Meet is running and healthy',
    symptom: '502, 503, no login or no sound, depending on the container.',
    looksAt:
      "the engine's state and health of all parts of the Meet, and of the containers that they depend on: `depends_on`, `DB_HOST`, `REDIS_URL`",
    why: 'a stopped or unhealthy container can not answer',
    cure: 'Read its log: `docker logs --tail 50 <container>`.',
    weight: 'failure',
    run: (facts) =>
      [
        ...new Set([...subjectsOf(facts, ...longRunning).filter(shouldRun), ...dependenciesOf(facts, subjectsOf(facts, ...partsOfMeet))]),
      ].map(judgeState),
  },
  {
    id: 'heartbeat',
    title: 'the backend reaches its database and cache',
    symptom: 'The pages load, but every login ends with an error 500.',
    looksAt: "the answer of the backend's `/__heartbeat__`, asked from inside the backend, or from the doctor's container",
    why: 'the health check and `/api/v1.0/config/` work without database and cache, so both succeed while logins fail',
    cure: "Read the backend's log, and compare `DB_PASSWORD` and `REDIS_URL` with the settings of the database and the cache.",
    weight: 'failure',
    run: (facts) => runningOf(facts, 'backend').map((subject) => judgeHeartbeat(facts, subject)),
  },
  {
    id: 'restart-policy',
    title: 'every container restarts after a crash or a reboot',
    symptom: 'After a reboot of the server a part of Meet is missing.',
    looksAt: 'the restart policy of each container',
    why: 'without a restart policy the engine starts a container only once',
    cure: 'Set `restart: always`. `unless-stopped` also works, but not on a frontend that meet-gen signals.',
    weight: 'warning',
    run: (facts) => {
      const signalled = new Set(routingFrontends(facts.subjects).filter((subject) => isSignalled(facts, subject) !== false));
      return inspectEach(
        subjectsOf(facts, ...longRunning, 'other').filter((subject) => !signalled.has(subject) && subject.container.state === 'running'),
        judgePolicy,
      );
    },
  },
  {
    id: 'image-pinned',
    title: 'every image has a version',
    symptom: 'After `docker compose pull` Meet behaves differently, and the version that worked is unknown.',
    looksAt: 'the tag of each image',
    why: '`latest` changes over time; a frontend and a backend of different versions do not work together',
    cure: 'Use an image with a version: `lasuite/meet-frontend:v1.27.0`.',
    weight: 'warning',
    // The image of meet-gen is built on the host, so its tag says nothing.
    run: (facts) => subjectsOf(facts, ...longRunning.filter((part) => !['meet-gen', 'reader'].includes(part)), 'other').map(judgeImage),
  },
  {
    id: 'stop-grace',
    title: 'the backend has enough time to stop',
    symptom: 'At each update some requests (uploads, long calls) fail with 502.',
    looksAt: "the backend's stop timeout",
    why: 'gunicorn finishes requests in flight for up to 90 s after the stop signal, but by default Docker kills it after 10 s',
    cure: 'Set `stop_grace_period: 95s` on the backend.',
    weight: 'warning',
    run: (facts) => inspectEach(subjectsOf(facts, 'backend'), judgeGrace),
  },
];

function judgeState(subject: Subject): Outcome {
  if (isUp(subject)) return ok;
  const { state } = subject.container;
  const word = shellName(subject);
  const paste = [`docker logs --tail 50 ${word}`];
  const unless = likelyCauses[subject.part] ?? [];
  if (state === 'running')
    return finding(subject, 'the container is running, but its health check fails', 'read its log', { paste, unless });
  const what = `the container is not running: its state is ${state}`;
  if (state === 'paused') return finding(subject, what, 'unpause the container', { paste: [`docker unpause ${word}`] });
  if (state === 'restarting')
    return finding(subject, 'the container exits and restarts repeatedly', 'find out in the log of the container why it exits', {
      paste,
      unless,
    });
  return finding(subject, what, 'read its log, then start the container', { paste: [...paste, `docker start ${word}`], unless });
}

function isUp({ container: { state, health } }: Subject): boolean {
  return state === 'running' && health !== 'unhealthy';
}

/** Checks whose findings explain a stopped or unhealthy container, by its part. */
const likelyCauses: Readonly<Partial<Record<Part, readonly string[]>>> = {
  frontend: [...fileChecks, 'routing-port'],
  router: [...fileChecks, 'routing-port'],
  'meet-gen': ['socket-group'],
  'socket-proxy': ['socket-group'],
};

/** The direct and indirect dependencies of these subjects, by compose's label and by the backend's settings. */
function dependenciesOf(facts: Facts, subjects: readonly Subject[]): readonly Subject[] {
  const found = new Set<Subject>();
  const visit = (subject: Subject): void => {
    for (const other of facts.subjects) {
      if (found.has(other) || other.part === 'one-off' || !dependsOn(subject, other)) continue;
      found.add(other);
      visit(other);
    }
  };
  for (const subject of subjects) visit(subject);
  return [...found];
}

function dependsOn(subject: Subject, other: Subject): boolean {
  if (subject === other) return false;
  if (calls(subject, other)) return true;
  if (subject.project === undefined || subject.project !== other.project) return false;
  const text = subject.container.labels['com.docker.compose.depends_on'] ?? '';
  const [, condition] =
    text
      .split(',')
      .map((entry) => entry.split(':'))
      .find(([service]) => service === other.service) ?? [];
  // A job that prepares something and exits is never healthy.
  if (condition === 'service_healthy') return true;
  return condition !== undefined && condition !== 'service_completed_successfully' && !isFinishedJob(other);
}

/** Finished migrations don't have to run. */
function shouldRun(subject: Subject): boolean {
  return !(subject.inspection.known && subject.inspection.value.program === 'manage.py' && isFinishedJob(subject));
}

/** Whether the container is a job that has succeeded, such as the creation of S3 buckets. */
function isFinishedJob({ container, inspection }: Subject): boolean {
  if (container.state !== 'exited' || !inspection.known) return false;
  const { exitCode, restartPolicy } = inspection.value;
  return exitCode === 0 && restartPolicy !== 'always' && restartPolicy !== 'unless-stopped';
}

/** Whether its settings name the other subject as database or cache, by a name in the engine's DNS. */
function calls({ container, inspection }: Subject, other: Subject): boolean {
  if (!inspection.known || !other.inspection.known) return false;
  const { DB_HOST, DATABASE_URL, REDIS_URL, CELERY_BROKER_URL } = inspection.value.environment;
  const hosts = [DB_HOST, DATABASE_URL, REDIS_URL, CELERY_BROKER_URL].flatMap((setting) => setting?.value?.toLowerCase() ?? []);
  const { aliases } = other.inspection.value;
  return hosts.some((host) => container.networks.some(({ name }) => aliases.get(name)?.includes(host) === true));
}

function judgeHeartbeat(facts: Facts, subject: Subject): Outcome {
  const { name } = subject.container;
  const answer = facts.backends.get(subject.container.id)?.heartbeat;
  if (answer === undefined) return unchecked(`${name} was not asked: ${notOwn}`);
  if (answer.kind === 'answer' && answer.status === 200) return ok;
  if (subject.container.health === 'starting') return unchecked(`${name} is starting`);
  const paste = [`docker logs --tail 50 ${shellName(subject)}`];
  const isExplained = dependenciesOf(facts, [subject]).some((other) => !isUp(other));
  const unless = ['meet-port', 'shared-network', 'way-out', ...(isExplained ? ['containers-run'] : [])];
  const cure = 'read its log; compare DB_PASSWORD, DB_HOST and REDIS_URL with the settings of the database and the cache';
  if (answer.kind === 'answer') {
    const { status } = answer;
    if (status === 500 || status === 503)
      return finding(subject, `its /__heartbeat__ answers ${status}: probably its database or cache fails, so logins fail`, cure, {
        paste,
        unless,
      });
    return unchecked(`${name}: its /__heartbeat__ answers ${status}, which says nothing about database and cache`);
  }
  const isOpen = facts.ports.get(subject.container.id)?.answer.kind === 'open';
  if (answer.kind === 'unreachable' && isOpen)
    return finding(subject, 'its /__heartbeat__ does not answer in time: the database or cache hangs, or all workers are busy', cure, {
      paste,
      unless,
    });
  return unchecked(`${name}: no answer from its /__heartbeat__ (${answer.kind === 'refused' ? 'no server listens' : answer.reason})`);
}

function restarts({ restartPolicy }: Inspection): boolean {
  return ['always', 'unless-stopped', 'on-failure'].includes(restartPolicy);
}

function judgePolicy(subject: Subject, inspection: Inspection): Outcome {
  // Swarm replaces ended tasks, and gives their containers no policy.
  if (restarts(inspection) || isSwarmTask(subject.container)) return ok;
  return finding(subject, 'no restart policy', 'add this line', {
    paste: [...composeLines(subject, ['restart: always']), '', recreate(subject)],
  });
}

function judgeImage(subject: Subject): Outcome {
  const { image } = subject;
  // A digest, or only an id if the tag now belongs to another image.
  if (image.includes('@') || /^(sha256:)?[0-9a-f]{12,64}$/.test(image)) return ok;
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  if (tag !== undefined && tag !== 'latest') return ok;
  return finding(subject, `its image ${image} has no version`, 'add a version to the image', {
    paste: composeLines(subject, ['image: <the same name>:<a version>']),
  });
}

function judgeGrace(subject: Subject, { stopTimeoutSeconds }: Inspection): Outcome {
  if (stopTimeoutSeconds === undefined && isSwarmTask(subject.container))
    return unchecked(`${subject.container.name}: its stop_grace_period is in its service, which only managers show`);
  const seconds = stopTimeoutSeconds ?? 10;
  if (seconds < 0 || seconds >= drainSeconds) return ok;
  return finding(
    subject,
    `Docker kills the container ${seconds} s after a stop, but gunicorn needs up to ${drainSeconds} s`,
    'add this line',
    {
      paste: [...composeLines(subject, ['stop_grace_period: 95s']), '', recreate(subject)],
    },
  );
}
