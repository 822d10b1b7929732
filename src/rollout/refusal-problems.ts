import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { isSaidByNginx } from '../nginx/words.ts';
import type { LocationView } from '../routes/view.ts';
import type { LeftOut } from './left-out.ts';

/** A problem names at most this many paths of a change. */
const maxPaths = 10;

/** The configuration that is served instead of a refused one. */
interface Served {
  /** Undefined if no accepted edition is known. */
  readonly leftOut: LeftOut | undefined;
  /** `asking` while nginx tests a part of the change; then `part` or `nothing` of the change is served. */
  readonly stage: 'asking' | 'part' | 'nothing';
  /** A last good edition can be rendered. */
  readonly hasGood: boolean;
}

/**
 * The problems of an instance whose configuration nginx refuses.
 * @param words nginx's reasons, as far as known
 */
export function refusalProblems(instance: string, words: readonly string[], served: Served, rejectedPath: string): readonly Problem[] {
  const reason = [...new Set(words)].join('; ');
  const cure = isSaidByNginx(reason)
    ? 'fix what nginx names, and it is tried again'
    : "read nginx's reason in the frontend's own log (docker logs) and fix that; meet-gen finds the path at fault by itself where it may read that log or use exec (docs/refused-reloads.md)";
  const rejected = problem('reload-rejected', {
    instance,
    message: `nginx refuses the configuration that labels and templates ask for (${reason}); ${describe(served)}`,
    cure: `${cure}; the refused file is ${rejectedPath}`,
  });
  return served.stage === 'part' ? [rejected, ...routesLeftOut(instance, reason, served.leftOut)] : [rejected];
}

/**
 * The problem if the last good templates can't be rendered.
 * @param wereLost whether an earlier process had the templates: templates are never stored
 */
export function notRendered(instance: string, wereLost: boolean): Problem {
  const reason = wereLost
    ? 'the last good template is gone since meet-gen was restarted'
    : "the last good template can't be rendered with today's containers";
  return problem('template-broken', {
    instance,
    message: `${reason}, so the file stays as it is and addresses don't follow`,
    cure: 'fix the newest template, which nginx refuses',
  });
}

/** @param reason why nginx can't test the change */
export function checkImpossible(instance: string, reason: string | undefined): Problem {
  return problem('check-impossible', {
    instance,
    message: `a change of structure waits, since the frontends' nginx can't be asked about it (${reason ?? 'exec is not allowed'}), and --check exec lets nothing untested through`,
    cure: 'allow POST /containers/<frontend>/exec, POST /exec/<id>/start and GET /exec/<id>/json where a socket proxy stands in between, or use --check auto',
  });
}

function describe({ leftOut, stage, hasGood }: Served): string {
  if (leftOut === undefined) return 'nothing good is known that could be served instead';
  if (stage === 'asking')
    return `${hasGood ? "the last good one is served with today's addresses, while " : ''}nginx is asked about a part of it`;
  if (stage === 'nothing')
    return `the whole change is held back (${describeChange(leftOut)})${hasGood ? ", and the last good one is served with today's addresses" : ''}`;
  const parts = [
    ...(leftOut.templates ? ['the last good template'] : []),
    ...(leftOut.settings ? ['IPv4 alone'] : []),
    ...(leftOut.locations.length > 0 ? ['all but what nginx names'] : []),
  ];
  return `served is ${parts.join(' with ')}, with today's addresses`;
}

function describeChange({ templates, settings, locations }: LeftOut): string {
  const guarded = locations.flatMap(({ location }) => (location.allow === undefined ? [] : [`${showPath(location)} with its meet.allow`]));
  const open = locations.flatMap(({ location }) => (location.allow === undefined ? [showPath(location)] : []));
  // Unpublished guards first: their paths may be open.
  const paths = [...guarded, ...open];
  const more = paths.length > maxPaths ? ` and ${paths.length - maxPaths} more` : '';
  const parts = [
    ...(templates ? ['the template'] : []),
    ...(settings ? ['ports, host names, sizes or balancing'] : []),
    ...(paths.length > 0 ? [`${paths.slice(0, maxPaths).join(', ')}${more}`] : []),
  ];
  return parts.length === 0 ? 'paths that are wanted no more' : parts.join('; ');
}

function routesLeftOut(instance: string, reason: string, leftOut: LeftOut | undefined): readonly Problem[] {
  const locations = leftOut?.locations ?? [];
  const services = [...new Set(locations.map(({ service }) => service))];
  return services.map((service) => {
    const own = locations.filter((one) => one.service === service);
    const answers = [
      ...(own.some(({ is503 }) => is503) ? ['503'] : []),
      ...(own.some(({ is503 }) => !is503) ? ['what your own snippet answers there'] : []),
    ];
    return problem('route-left-out', {
      instance,
      key: 'meet.paths',
      value: own.map(({ location }) => showPath(location)).join(','),
      message: `these paths of ${service} are left out, since nginx refuses them (${reason}); requests for them get ${answers.join(', or ')}`,
      cure: 'fix the label, or what it collides with; it is tried again by itself',
    });
  });
}

function showPath({ kind, path }: LocationView): string {
  return kind === 'exact' ? `=${path}` : path;
}
