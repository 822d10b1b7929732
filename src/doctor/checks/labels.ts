import { compareText } from '../../model/untrusted-text.ts';
import { readInstances } from '../../model/read-instances.ts';
import { roles } from '../../model/label-table.ts';
import { likelyInstance } from '../../model/member.ts';
import { nearest, sameLetters } from '../../model/nearest.ts';
import { parseInstance } from '../../nginx/token.ts';
import type { Problem, ProblemCode } from '../../model/problem.ts';
import { planRouting } from '../../routes/plan.ts';
import type { Facts, Subject } from '../facts/facts.ts';
import { composeLines, inspectEach, recreate, serviceFor } from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';
import { isSwarmTask } from '../facts/swarm.ts';

/** Problems that other checks report better, or that no label causes. */
const coveredElsewhere: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'bad-role',
  'no-shared-network',
  'no-address',
  'no-frontend-running',
  'nobody-in-rotation',
  'unhealthy-in-use',
  'drained',
]);

export const labelChecks: readonly Check[] = [
  {
    id: 'role-word',
    title: 'every meet.role is spelt correctly',
    symptom: 'The container gets no requests: 503 on its routes.',
    looksAt: '`meet.role`, and labels with a similar key',
    why: 'meet-gen ignores a container with an unknown role',
    cure: `Use one of ${roles.map((role) => `\`${role}\``).join(', ')}.`,
    weight: 'failure',
    run: (facts) => facts.subjects.flatMap(judgeRoleWord),
  },
  {
    id: 'role-missing',
    title: 'frontend and backend have the label meet.role',
    symptom: '503 on all routes, or only on the API.',
    looksAt: 'containers without the label that have an image of Meet, or the name frontend or backend in a project with labels',
    why: 'meet-gen ignores a container without `meet.role`',
    cure: 'Label the frontend with `meet.role: frontend`, the backend with `meet.role: backend`.',
    weight: 'failure',
    run: judgeMissing,
  },
  {
    id: 'role-on-worker',
    title: 'no worker and no management command has a role',
    symptom: 'Some requests wait two seconds, or fail with 503.',
    looksAt: 'the command of containers with `meet.role`',
    why: 'celery and `manage.py` listen on no port, so requests to them fail',
    cure: 'Remove `meet.role` from the worker. meet-gen always leaves out one-off containers of `docker compose run`.',
    weight: 'failure',
    run: (facts) =>
      inspectEach(facts.subjects.filter(isRouted), (subject, { program }) =>
        program === 'other'
          ? ok
          : finding(
              subject,
              `the container has meet.role but runs ${program}, which listens on no port`,
              `remove meet.role from ${serviceFor(subject)}`,
              {
                paste: [recreate(subject)],
              },
            ),
      ),
  },
  {
    id: 'labels',
    title: 'all meet.* labels are valid and fit together',
    symptom: 'A route is missing, or a setting has no effect.',
    looksAt: 'the labels, with the same rules as the sidecar',
    why: 'meet-gen ignores an unknown label, and a label with an invalid value',
    cure: 'Correct the label; docs/labels.md has all labels and their values.',
    weight: 'failure',
    run: judgeLabels,
  },
];

function isRouted({ part, container }: Subject): boolean {
  return part !== 'one-off' && ['backend', 'service'].includes(container.labels['meet.role'] ?? '');
}

function judgeRoleWord(subject: Subject): readonly Outcome[] {
  const { labels } = subject.container;
  const role = labels['meet.role'];
  const misspelt = role === undefined ? Object.entries(labels).find(isMisspeltRole)?.[0] : undefined;
  if (misspelt !== undefined) {
    return [
      finding(subject, `its label ${misspelt} looks like a misspelt meet.role`, 'change the key to meet.role', {
        paste: [`meet.role: ${guess(labels[misspelt] ?? '')}`],
      }),
    ];
  }
  if (role === undefined) return [];
  if (roles.some((known) => known === role)) return [ok];
  return [
    finding(subject, `meet.role=${role} is not a role`, 'correct the role', {
      paste: [...composeLines(subject, ['labels:', `  meet.role: ${guess(role)}`]), '', recreate(subject)],
    }),
  ];
}

/** With one letter different, the key may be another tool's (`meet.rule`), unless its value is a role. */
function isMisspeltRole([key, value]: readonly [key: string, value: string]): boolean {
  if (sameLetters(key, ['meet.role']) !== undefined) return true;
  return nearest(key, ['meet.role'], { mostEdits: 1 }) !== undefined && nearest(value, roles) !== undefined;
}

function guess(role: string): string {
  return nearest(role, roles) ?? `<one of ${roles.join(', ')}>`;
}

function judgeMissing({ subjects, listed, only }: Facts): readonly Outcome[] {
  const labelled = subjects.filter(({ container }) => container.labels['meet.role'] !== undefined);
  const projects = new Set(labelled.map(({ project }) => project));
  const looksLike = (subject: Subject): string | undefined => {
    if (subject.part === 'one-off' || subject.part === 'worker' || subject.container.labels['meet.role'] !== undefined) return undefined;
    if (subject.part === 'frontend' || subject.part === 'backend') return subject.part;
    const named = subject.service === 'frontend' || subject.service === 'backend';
    return named && projects.has(subject.project) && subject.project !== undefined ? subject.service : undefined;
  };
  const missing = subjects.flatMap((subject) => {
    const role = looksLike(subject);
    if (role === undefined) return [];
    if (isSwarmTask(subject.container))
      return [unchecked(`${subject.container.name}: its meet.role may be in deploy.labels, which only managers show`)];
    return [
      finding(
        subject,
        `the container looks like a ${role} of Meet but has no meet.role`,
        'add the label, or ignore this if another proxy routes to the container',
        {
          paste: [...composeLines(subject, ['labels:', `  meet.role: ${role}`]), '', recreate(subject)],
          unless: ['role-word'],
        },
      ),
    ];
  });
  if (labelled.length === 0 && missing.length === 0) return [only === undefined ? nothingFound() : nothingOf(only, listed)];
  return [...labelled.map(() => ok), ...missing];
}

function nothingFound(): Outcome {
  return finding(
    undefined,
    'no container belongs to a Meet: no container has meet.role or an image of Meet',
    'start Meet, or label its containers',
    {
      paste: ['labels:', '  meet.role: frontend'],
      unless: ['role-word'],
    },
  );
}

/** No container belongs to the Meet that `--instance` names. */
function nothingOf(only: string, listed: Facts['listed']): Outcome {
  const labelled = listed.filter(({ container }) => container.labels['meet.role'] !== undefined);
  const names = new Set(labelled.flatMap(({ container }) => parseInstance(likelyInstance(container)) ?? []));
  const others =
    names.size === 0
      ? 'start that Meet, or label its containers'
      : `set --instance to an existing Meet (${[...names].toSorted().join(', ')}), or start "${only}"`;
  return finding(undefined, `no container belongs to the Meet "${only}"`, others, { unless: ['role-word'] });
}

function judgeLabels(facts: Facts): readonly Outcome[] {
  const containers = facts.listed.map(({ container }) => container);
  const { instances, problems } = readInstances({ containers, notes: new Map() }, { only: facts.only, given: facts.owners });
  const routed = instances.filter(({ frontends }) => frontends.length > 0).flatMap((instance) => planRouting(instance, []).problems);
  // The frontends of a swarm may be on other nodes.
  const onSwarm = new Set(containers.filter(isSwarmTask).map(likelyInstance));
  const relevant = [...problems, ...routed].filter(
    ({ code, severity, instance = '' }) =>
      (severity !== 'notice' || code === 'owner-assumed') &&
      !coveredElsewhere.has(code) &&
      !(code === 'no-frontend' && onSwarm.has(instance)),
  );
  const findings = relevant
    .toSorted((left, right) => compareText(left.container ?? '', right.container ?? ''))
    .map((item) => findingFrom(facts, item));
  const labelled = facts.subjects.filter(({ container }) => container.labels['meet.role'] !== undefined);
  const reported = new Set(relevant.map(({ container }) => container));
  return [...labelled.filter(({ container }) => !reported.has(container.name)).map(() => ok), ...findings];
}

function findingFrom(facts: Facts, { severity, container, key, value, message, cure, code }: Problem): Outcome {
  const subject = facts.subjects.find((one) => one.container.name === container);
  const what = key === undefined ? message : `${key}${value === undefined ? '' : `=${value}`}: ${message}`;
  return finding(subject, what, cure, {
    severity: severity === 'error' ? 'failure' : 'warning',
    // With an unknown role, an instance has no frontend.
    ...(code === 'no-frontend' ? { unless: ['role-word', 'role-missing'] } : {}),
    // A worker with the role backend claims the backend's paths.
    ...(code === 'contested-route' ? { unless: ['role-on-worker'] } : {}),
  });
}
