import { compareText } from '../../model/foreign-text.ts';
import { readInstances } from '../../model/read-instances.ts';
import { roles } from '../../model/label-table.ts';
import { likelyInstance } from '../../model/member.ts';
import { nearest, sameLetters } from '../../model/nearest.ts';
import { parseInstance } from '../../nginx/token.ts';
import type { Problem, ProblemCode } from '../../model/problem.ts';
import { planRouting } from '../../routes/plan.ts';
import type { Facts, Subject } from '../facts/facts.ts';
import { composeLines, inspectEach, recreate, serviceFor } from '../facts/meet.ts';
import { finding, ok } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';

/** What other checks tell better, or what is no fault of labels. */
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
    title: 'every meet.role is spelt right',
    symptom: 'The container gets no requests: 503 on its routes.',
    looksAt: '`meet.role`, and labels whose key is nearly that',
    why: 'a container with an unknown role is ignored',
    cure: `Use one of ${roles.map((role) => `\`${role}\``).join(', ')}.`,
    weight: 'failure',
    run: (facts) => facts.subjects.flatMap(judgeRoleWord),
  },
  {
    id: 'role-missing',
    title: 'frontend and backend carry meet.role',
    symptom: 'meet-gen does nothing: 503 on all routes, or on the API alone.',
    looksAt: "containers of Meet's images, or called frontend and backend beside labelled ones, without the label",
    why: 'without `meet.role` a container is ignored',
    cure: 'Label the frontend with `meet.role: frontend`, the backend with `meet.role: backend`.',
    weight: 'failure',
    run: judgeMissing,
  },
  {
    id: 'role-on-worker',
    title: 'no worker and no management command has a role',
    symptom: 'Now and then a request waits two seconds, or fails with 503.',
    looksAt: 'what containers with `meet.role` run',
    why: 'celery and `manage.py` listen on no port, but would be sent requests',
    cure: 'Take `meet.role` off the worker. One-off containers of `docker compose run` are left out by themselves.',
    weight: 'failure',
    run: (facts) =>
      inspectEach(facts.subjects.filter(isRouted), (subject, { program }) =>
        program === 'other'
          ? ok
          : finding(
              subject,
              `it runs ${program}, which listens on no port, but has meet.role`,
              `remove meet.role from ${serviceFor(subject)}`,
              {
                paste: [recreate(subject)],
              },
            ),
      ),
  },
  {
    id: 'labels',
    title: 'all meet.* labels are understood and fit together',
    symptom: 'A route is missing, or a setting has no effect.',
    looksAt: 'the labels, read as the sidecar reads them',
    why: 'a label that is unknown or has a bad value is ignored',
    cure: 'See docs/labels.md for what is allowed.',
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
      finding(subject, `its label ${misspelt} is not meet.role`, 'spell the key as meet.role', {
        paste: [`meet.role: ${guess(labels[misspelt] ?? '')}`],
      }),
    ];
  }
  if (role === undefined) return [];
  if (roles.some((known) => known === role)) return [ok];
  return [
    finding(subject, `meet.role=${role} is no role`, 'correct it', {
      paste: [...composeLines(subject, ['labels:', `  meet.role: ${guess(role)}`]), '', recreate(subject)],
    }),
  ];
}

/** A key that is `meet.role` but for one letter is another tool's word (`meet.rule`) unless a role stands there. */
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
    return [
      finding(subject, `it looks like a ${role} of Meet but has no meet.role`, 'label it, or ignore this if another proxy routes to it', {
        paste: [...composeLines(subject, ['labels:', `  meet.role: ${role}`]), '', recreate(subject)],
        unless: ['role-word'],
      }),
    ];
  });
  if (labelled.length === 0 && missing.length === 0) return [only === undefined ? nothingFound() : nothingOf(only, listed)];
  return [...labelled.map(() => ok), ...missing];
}

function nothingFound(): Outcome {
  return finding(
    undefined,
    'no container here belongs to a Meet: none has meet.role, none is of its images',
    'start it, or label its containers',
    {
      paste: ['labels:', '  meet.role: frontend'],
      unless: ['role-word'],
    },
  );
}

/** Another Meet than those that are there was asked for. */
function nothingOf(only: string, listed: Facts['listed']): Outcome {
  const labelled = listed.filter(({ container }) => container.labels['meet.role'] !== undefined);
  const names = new Set(labelled.flatMap(({ container }) => parseInstance(likelyInstance(container)) ?? []));
  const others =
    names.size === 0
      ? 'start it, or label its containers'
      : `name another one with --instance (${[...names].toSorted().join(', ')}), or start it`;
  return finding(undefined, `no container here belongs to the Meet "${only}"`, others, { unless: ['role-word'] });
}

function judgeLabels(facts: Facts): readonly Outcome[] {
  const containers = facts.listed.map(({ container }) => container);
  const { instances, problems } = readInstances({ containers, notes: new Map() }, { only: facts.only, given: facts.owners });
  const routed = instances.filter(({ frontends }) => frontends.length > 0).flatMap((instance) => planRouting(instance, []).problems);
  const told = [...problems, ...routed].filter(
    ({ code, severity }) => (severity !== 'notice' || code === 'owner-assumed') && !coveredElsewhere.has(code),
  );
  const findings = told
    .toSorted((left, right) => compareText(left.container ?? '', right.container ?? ''))
    .map((item) => tell(facts, item));
  const labelled = facts.subjects.filter(({ container }) => container.labels['meet.role'] !== undefined);
  const reported = new Set(told.map(({ container }) => container));
  return [...labelled.filter(({ container }) => !reported.has(container.name)).map(() => ok), ...findings];
}

function tell(facts: Facts, { severity, container, key, value, message, cure, code }: Problem): Outcome {
  const subject = facts.subjects.find((one) => one.container.name === container);
  const what = key === undefined ? message : `${key}${value === undefined ? '' : `=${value}`}: ${message}`;
  return finding(subject, what, cure, {
    severity: severity === 'error' ? 'failure' : 'warning',
    // A role that nobody understands leaves an instance without a frontend.
    ...(code === 'no-frontend' ? { unless: ['role-word', 'role-missing'] } : {}),
    // A worker with the backend's role asks for the backend's paths.
    ...(code === 'contested-route' ? { unless: ['role-on-worker'] } : {}),
  });
}
