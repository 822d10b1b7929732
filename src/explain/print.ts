import { compareText } from '../model/untrusted-text.ts';
import { printProblem } from '../model/print-problem.ts';
import { placeOf, whyOf } from '../status/headline.ts';
import { indent, section, table } from '../util/text-lines.ts';
import type { ContainerAnswer, Explanation, InstanceAnswer, LocationAnswer, Place } from './explanation.ts';

const places: Readonly<Record<Place, string>> = { answers: 'answers', 'stands-by': 'stands by', out: 'out' };
const order: readonly Place[] = ['answers', 'stands-by', 'out'];

/** An explanation as lines of ASCII for a terminal. */
export function printExplanation({ target, host, path, notes, instances }: Explanation): readonly string[] {
  const asked = `${host === undefined ? '' : host}${target}`;
  const read = path === undefined || path === target ? '' : ` (nginx reads ${path})`;
  return [
    `${asked}${read}`,
    ...indent(notes),
    ...instances.flatMap((answer) => indent(printInstance(answer))),
    ...(instances.length === 0
      ? []
      : indent(['meet-gen does not see snippets in /etc/nginx/meet-routing.d of the frontend, which may answer first.'])),
  ];
}

function printInstance(answer: InstanceAnswer): readonly string[] {
  const { instance, summary, location, answer: kind, containers, frontends, notes, hints, problems } = answer;
  return [
    `${instance}: ${summary}`,
    ...indent([
      ...(location === undefined ? (kind === 'spa' ? ['location /'] : []) : [printLocation(location)]),
      ...table(sorted(containers.filter((one) => !isAmong(frontends, one))).map(printContainer)),
      ...section('frontends', table(frontends.map(printFrontend))),
      ...section('but', notes),
      ...section('if a service was meant to answer', hints),
      ...section('problems', problems.flatMap(printProblem)),
    ]),
  ];
}

/** Without a router the SPA is in the frontends, which have their own section. */
function isAmong(frontends: InstanceAnswer['frontends'], { id }: ContainerAnswer): boolean {
  return frontends.some((frontend) => frontend.id === id);
}

function printLocation({ kind, path, settings }: LocationAnswer): string {
  const own = Object.entries(settings).map(([name, value]) => `, ${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `location ${kind === 'exact' ? '=' : '^~'} ${path}${own.join('')}`;
}

function sorted(containers: readonly ContainerAnswer[]): readonly ContainerAnswer[] {
  return containers.toSorted(
    (left, right) => order.indexOf(left.place) - order.indexOf(right.place) || compareText(left.service, right.service),
  );
}

function printContainer(answer: ContainerAnswer): readonly string[] {
  return [places[answer.place], answer.container, placeOf(answer), whyOf(answer)];
}

function printFrontend({
  container,
  state,
  phase,
  servesPublished,
  runningGeneration,
  elsewhere,
}: InstanceAnswer['frontends'][number]): readonly string[] {
  if (elsewhere === true) return [container, state, 'on another node: its own meet-gen proves it'];
  const serves = servesPublished ? 'serves the published file' : `serves ${runningGeneration ?? 'an unknown file'}`;
  return [container, state, ...(state === 'running' ? [`${serves}${phase === undefined ? '' : ` (${phase})`}`] : [])];
}
