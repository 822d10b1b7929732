import { defaultWay } from '../../reload/ways/way-table.ts';
import type { Facts, Inspection, Subject } from '../facts/facts.ts';
import { composeLines, frontendEach, inspectEach, mountsSocket, recreate, routingFrontends, sidecarsOf } from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';
import { isSwarmTask } from '../facts/swarm.ts';

export const frontendProcessChecks: readonly Check[] = [
  {
    id: 'signalled-restart',
    title: 'a frontend that meet-gen signals has restart: always and a stop signal',
    symptom: 'After a crash or a reboot the frontend stays down.',
    looksAt: "the frontend's restart policy and stop signal, if meet-gen reloads by signal",
    why: 'the engine counts any signal through its API as a manual stop; then only `always` with a stop signal restarts the container (moby#41302). On Podman from 4.7 on no policy does, so meet-gen sends no signal there',
    cure: 'Set `restart: always` and `stop_signal: SIGQUIT`, or reload by `hook` or `exec`.',
    weight: 'failure',
    run: (facts) => inspectEach(routingFrontends(facts.subjects), (subject, inspection) => judgeRestart(facts, subject, inspection)),
  },
  {
    id: 'first-process',
    title: "nginx is the frontend's first process",
    symptom: 'Reloads have no effect, or a reload just after a start ends the frontend.',
    looksAt: 'the process list of the frontend',
    why: 'a signal goes to the first process; a shell ignores HUP, and an init process can pass HUP on too early, which kills nginx',
    cure: 'Use `entrypoint: [/docker-entrypoint.sh]` with `command: ["nginx", "-g", "daemon off;"]`, without `init: true`.',
    weight: 'failure',
    run: (facts) =>
      frontendEach(facts, (subject, { firstProcess }) => {
        if (!firstProcess.known) return unchecked(`${subject.container.name}: ${firstProcess.why}`);
        return firstProcess.value === 'nginx' ? ok : firstProcessFinding(subject, firstProcess.value);
      }),
  },
];

/** Whether a meet-gen signals this frontend. Undefined if no meet-gen can be read. */
export function isSignalled(facts: Facts, subject: Subject): boolean | undefined {
  const sidecars = sidecarsOf(facts, subject).filter(({ inspection }) => inspection.known);
  if (sidecars.length === 0) return undefined;
  return !facts.signalEndsRestarts && sidecars.some(isSetToSignal);
}

/** By default, unless set otherwise. */
function isSetToSignal({ inspection }: Subject): boolean {
  return inspection.known && (inspection.value.environment.MEET_GEN_RELOAD?.value ?? defaultWay).isNotedAsStop;
}

/** A meet-gen that sends no signal on this engine, and may run no command through its socket proxy either. */
function findUnableSidecar(facts: Facts, subject: Subject): Subject | undefined {
  if (!facts.signalEndsRestarts) return undefined;
  return sidecarsOf(facts, subject).find((sidecar) => isSetToSignal(sidecar) && !mountsSocket(sidecar));
}

function judgeRestart(facts: Facts, subject: Subject, { restartPolicy, stopSignal }: Inspection): Outcome {
  // Swarm starts a new container after each end.
  if (isSwarmTask(subject.container)) return ok;
  const signalled = isSignalled(facts, subject);
  if (signalled === undefined)
    return unchecked(`${subject.container.name}: no container has a meet-gen of this Meet, so the way of reloading is unknown`);
  const unable = findUnableSidecar(facts, subject);
  if (unable !== undefined)
    return finding(
      subject,
      'meet-gen is set to reload it by signal, after which this engine restarts no container when it crashes. So meet-gen sends none, and a socket proxy may refuse the commands that it runs instead',
      'use the hook (docs/hook.md); or allow commands in the socket proxy, and add these lines',
      { paste: [...composeLines(unable, ['environment:', '  MEET_GEN_RELOAD: exec']), '', recreate(unable)] },
    );
  if (!signalled) return ok;
  const lines = [...(restartPolicy === 'always' ? [] : ['restart: always']), ...(stopSignal === undefined ? ['stop_signal: SIGQUIT'] : [])];
  if (lines.length === 0) return ok;
  const faults = [
    ...(restartPolicy === 'always' ? [] : [`its restart policy is ${restartPolicy === '' ? 'no' : restartPolicy}`]),
    ...(stopSignal === undefined ? ['no stop signal is set'] : []),
  ];
  return finding(
    subject,
    `${faults.join(' and ')}: after a reload by signal, the engine doesn't restart the container when it crashes`,
    'add these lines',
    {
      paste: [...composeLines(subject, lines), '', recreate(subject)],
    },
  );
}

function firstProcessFinding(subject: Subject, name: string): Outcome {
  const isInit = ['docker-init', 'tini', 'dumb-init'].includes(name);
  const what = isInit
    ? `its first process is ${name}: a reload just after a start can kill nginx`
    : `its first process is ${name}, which does not pass HUP on to nginx`;
  const cure = isInit ? 'remove init: true' : "start nginx by the image's script, which replaces itself by nginx";
  const lines = isInit ? ['init: false'] : ['entrypoint: [/docker-entrypoint.sh]', 'command: ["nginx", "-g", "daemon off;"]'];
  return finding(subject, what, cure, {
    ...(isInit ? { severity: 'warning' as const } : {}),
    paste: [...composeLines(subject, lines), '', recreate(subject)],
  });
}
