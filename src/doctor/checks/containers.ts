import type { Facts, Inspection, Subject } from '../facts/facts.ts';
import { composeLines, inspectEach, notOwn, subjectsOf, recreate, routingFrontends, runningOf, shellName } from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';
import { partsOfMeet } from '../facts/part.ts';
import type { Part } from '../facts/facts.ts';
import { isSignalled } from './frontend-process.ts';
import { fileChecks } from './routing.ts';

/** How long gunicorn finishes what is in flight. */
const drainSeconds = 90;

const longRunning: readonly Part[] = [...partsOfMeet, 'outer-proxy', 'acme-companion'];

export const containerChecks: readonly Check[] = [
  {
    id: 'containers-run',
    title: 'every container of the Meet runs and is well',
    symptom: '502, 503, no login, no sound: whatever the container is for.',
    looksAt:
      'state and health, as the engine has them, of all parts of the Meet and of what they depend on: `depends_on`, `DB_HOST`, `REDIS_URL`',
    why: 'what does not run can not answer',
    cure: 'See its log: `docker logs --tail 50 <container>`.',
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
    looksAt: "the backend's `/__heartbeat__`, asked from inside it, or from where the doctor runs",
    why: 'the health check and `/api/v1.0/config/` need neither database nor cache, and so say that all is well',
    cure: "See the backend's log, and compare `DB_PASSWORD` and `REDIS_URL` with what the database and the cache were started with.",
    weight: 'failure',
    run: (facts) => runningOf(facts, 'backend').map((subject) => judgeHeartbeat(facts, subject)),
  },
  {
    id: 'restart-policy',
    title: 'every container comes back after a crash or a reboot',
    symptom: 'After a reboot of the server a part of Meet is missing.',
    looksAt: 'the restart policy of each container',
    why: 'without one the engine starts it once and never again',
    cure: 'Set `restart: always` (or `unless-stopped`, but not on a frontend that is signalled).',
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
    symptom: 'After a `docker compose pull` something behaves differently, and nobody can say what changed.',
    looksAt: 'the tag of each image',
    why: '`latest` is another image every time; frontend and backend of different versions do not fit together',
    cure: 'Name a version: `lasuite/meet-frontend:v1.27.0`.',
    weight: 'warning',
    // meet-gen is built where it runs.
    run: (facts) => subjectsOf(facts, ...longRunning.filter((part) => part !== 'meet-gen'), 'other').map(judgeImage),
  },
  {
    id: 'stop-grace',
    title: 'the backend gets the time that it needs to stop',
    symptom: 'At each update some requests (uploads, long calls) fail with 502.',
    looksAt: "the backend's stop timeout",
    why: 'gunicorn finishes requests in flight for up to 90 s after the stop signal; Docker kills it after 10 s unless told otherwise',
    cure: 'Set `stop_grace_period: 95s` on the backend.',
    weight: 'warning',
    run: (facts) => inspectEach(subjectsOf(facts, 'backend'), judgeGrace),
  },
];

function judgeState(subject: Subject): Outcome {
  if (isWell(subject)) return ok;
  const { state } = subject.container;
  const word = shellName(subject);
  const paste = [`docker logs --tail 50 ${word}`];
  const unless = likelyCauses[subject.part] ?? [];
  if (state === 'running')
    return finding(subject, 'it runs, but its health check says that it is not well', 'see its log', { paste, unless });
  const what = `it does not run: it is ${state}`;
  if (state === 'paused') return finding(subject, what, 'let it go on', { paste: [`docker unpause ${word}`] });
  if (state === 'restarting') return finding(subject, `${what} again and again`, 'see in its log why it ends', { paste, unless });
  return finding(subject, what, 'see its log, then start it', { paste: [...paste, `docker start ${word}`], unless });
}

function isWell({ container: { state, health } }: Subject): boolean {
  return state === 'running' && health !== 'unhealthy';
}

/** Checks that say why a container is not well. */
const likelyCauses: Readonly<Partial<Record<Part, readonly string[]>>> = {
  frontend: [...fileChecks, 'routing-port'],
  router: [...fileChecks, 'routing-port'],
  'meet-gen': ['socket-group'],
  'socket-proxy': ['socket-group'],
};

/** What these depend on, and that in turn: by compose's label, and by the backend's own settings. */
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
  // What only prepares something and ends is never healthy.
  if (condition === 'service_healthy') return true;
  return condition !== undefined && condition !== 'service_completed_successfully' && !isFinishedJob(other);
}

/** Migrations end, and are done. */
function shouldRun(subject: Subject): boolean {
  return !(subject.inspection.known && subject.inspection.value.program === 'manage.py' && isFinishedJob(subject));
}

/** A container that prepares something and ends, as for S3's buckets. */
function isFinishedJob({ container, inspection }: Subject): boolean {
  if (container.state !== 'exited' || !inspection.known) return false;
  const { exitCode, restartPolicy } = inspection.value;
  return exitCode === 0 && restartPolicy !== 'always' && restartPolicy !== 'unless-stopped';
}

/** Whether its settings name the other as database or cache, by a name that the engine's DNS has for it. */
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
  const isExplained = dependenciesOf(facts, [subject]).some((other) => !isWell(other));
  const unless = ['meet-port', 'shared-network', 'way-out', ...(isExplained ? ['containers-run'] : [])];
  const cure = 'see its log; compare DB_PASSWORD, DB_HOST and REDIS_URL with what database and cache were started with';
  if (answer.kind === 'answer') {
    const { status } = answer;
    if (status === 500 || status === 503)
      return finding(
        subject,
        `its /__heartbeat__ answers ${status}: its database or cache fails, most likely, and logins end in an error`,
        cure,
        {
          paste,
          unless,
        },
      );
    return unchecked(`${name}: its /__heartbeat__ answers ${status}, which tells nothing of database and cache`);
  }
  const isOpen = facts.ports.get(subject.container.id)?.answer.kind === 'open';
  if (answer.kind === 'unreachable' && isOpen)
    return finding(subject, 'its /__heartbeat__ does not answer in time: its database or cache hangs, or all its workers are busy', cure, {
      paste,
      unless,
    });
  return unchecked(`${name}: its /__heartbeat__ can't be asked (${answer.kind === 'refused' ? 'nothing listens' : answer.reason})`);
}

function restarts({ restartPolicy }: Inspection): boolean {
  return ['always', 'unless-stopped', 'on-failure'].includes(restartPolicy);
}

function judgePolicy(subject: Subject, inspection: Inspection): Outcome {
  if (restarts(inspection)) return ok;
  return finding(subject, 'it has no restart policy', 'add this line', {
    paste: [...composeLines(subject, ['restart: always']), '', recreate(subject)],
  });
}

function judgeImage(subject: Subject): Outcome {
  const { image } = subject;
  // By digest, or by the id alone where its tag has moved on.
  if (image.includes('@') || /^(sha256:)?[0-9a-f]{12,64}$/.test(image)) return ok;
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  if (tag !== undefined && tag !== 'latest') return ok;
  return finding(subject, `its image ${image} has no version`, 'name the version that you want', {
    paste: composeLines(subject, ['image: <the same name>:<a version>']),
  });
}

function judgeGrace(subject: Subject, { stopTimeoutSeconds }: Inspection): Outcome {
  const seconds = stopTimeoutSeconds ?? 10;
  if (seconds < 0 || seconds >= drainSeconds) return ok;
  return finding(subject, `it is killed ${seconds} s after a stop, gunicorn needs up to ${drainSeconds}`, 'add this line', {
    paste: [...composeLines(subject, ['stop_grace_period: 95s']), '', recreate(subject)],
  });
}
