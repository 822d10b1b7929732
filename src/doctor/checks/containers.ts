import type { Inspection, Patient } from '../facts.ts';
import { composeLines, inspectEach, patientsOf, recreate, routingOnes, wordFor } from '../meet.ts';
import { finding, ok } from '../outcome.ts';
import type { Check, Outcome } from '../outcome.ts';
import { partsOfMeet } from '../part.ts';
import type { Part } from '../part.ts';
import { isSignalled } from './frontend-process.ts';
import { fileChecks } from './routing.ts';

/** How long gunicorn finishes what is in flight. */
const drainSeconds = 90;

const lasting: readonly Part[] = [...partsOfMeet, 'outer-proxy', 'acme-companion'];

export const containerChecks: readonly Check[] = [
  {
    id: 'containers-run',
    title: 'every container of the Meet runs and is well',
    symptom: '502, 503, no login, no sound: whatever the container is for.',
    looksAt: 'state and health, as the engine has them',
    why: 'what does not run can not answer',
    cure: 'See its log: `docker logs --tail 50 <container>`.',
    weight: 'failure',
    run: (facts) => patientsOf(facts, ...lasting).map(judgeState),
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
      const signalled = new Set(routingOnes(facts.patients).filter((patient) => isSignalled(facts, patient) !== false));
      return inspectEach(
        patientsOf(facts, ...lasting, 'other').filter((patient) => !signalled.has(patient) && patient.container.state === 'running'),
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
    run: (facts) => patientsOf(facts, ...lasting.filter((part) => part !== 'meet-gen'), 'other').map(judgeImage),
  },
  {
    id: 'stop-grace',
    title: 'the backend gets the time that it needs to stop',
    symptom: 'At each update some requests (uploads, long calls) fail with 502.',
    looksAt: "the backend's stop timeout",
    why: 'gunicorn finishes requests in flight for up to 90 s after the stop signal; Docker kills it after 10 s unless told otherwise',
    cure: 'Set `stop_grace_period: 95s` on the backend.',
    weight: 'warning',
    run: (facts) => inspectEach(patientsOf(facts, 'backend'), judgeGrace),
  },
];

function judgeState(patient: Patient): Outcome {
  const { state, health } = patient.container;
  const paste = [`docker logs --tail 50 ${wordFor(patient)}`];
  if (state === 'running' && health !== 'unhealthy') return ok;
  const unless = patient.part === 'frontend' || patient.part === 'router' ? [...fileChecks, 'routing-port'] : [];
  if (state === 'running')
    return finding(patient, 'it runs, but its health check says that it is not well', 'see its log', { paste, unless });
  return finding(patient, `it does not run: it is ${state}`, 'see its log, then start it', {
    paste: [...paste, `docker start ${wordFor(patient)}`],
  });
}

function judgePolicy(patient: Patient, { restartPolicy }: Inspection): Outcome {
  if (['always', 'unless-stopped', 'on-failure'].includes(restartPolicy)) return ok;
  return finding(patient, 'it has no restart policy', 'add this line', {
    paste: [...composeLines(patient, ['restart: always']), '', recreate(patient)],
  });
}

function judgeImage(patient: Patient): Outcome {
  const { image } = patient;
  // By digest, or by the id alone where its tag has moved on.
  if (image.includes('@') || /^(sha256:)?[0-9a-f]{12,64}$/.test(image)) return ok;
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  if (tag !== undefined && tag !== 'latest') return ok;
  return finding(patient, `its image ${image} has no version`, 'name the version that you want', {
    paste: composeLines(patient, ['image: <the same name>:<a version>']),
  });
}

function judgeGrace(patient: Patient, { stopTimeoutSeconds }: Inspection): Outcome {
  const seconds = stopTimeoutSeconds ?? 10;
  if (seconds < 0 || seconds >= drainSeconds) return ok;
  return finding(patient, `it is killed ${seconds} s after a stop, gunicorn needs up to ${drainSeconds}`, 'add this line', {
    paste: [...composeLines(patient, ['stop_grace_period: 95s']), '', recreate(patient)],
  });
}
