import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { hasNginxReason } from '../nginx/refusals.ts';
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
  const cure = hasNginxReason(reason)
    ? 'fix the fault that nginx names, and meet-gen tries again'
    : "read nginx's reason in the frontend's log (docker logs) and fix it; with access to logs or exec, meet-gen finds the path itself (docs/refused-reloads.md)";
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
    ? 'the last good template was lost when meet-gen restarted'
    : "the last good template can't be rendered with the current containers";
  return problem('template-broken', {
    instance,
    message: `${reason}, so the published file stays unchanged and its addresses are not updated`,
    cure: 'fix the newest template, which nginx refuses',
  });
}

/** @param reason why nginx can't test the change */
export function checkImpossible(instance: string, reason: string | undefined): Problem {
  return problem('check-impossible', {
    instance,
    message: `a change of structure waits, since nginx in the frontends can't test it (${reason ?? 'exec is not allowed'}) and --check exec publishes nothing untested`,
    cure: 'allow POST /containers/<frontend>/exec, POST /exec/<id>/start and GET /exec/<id>/json in the socket proxy, if one is used; or use --check auto',
  });
}

function describe({ leftOut, stage, hasGood }: Served): string {
  if (leftOut === undefined) return 'meet-gen knows no accepted configuration to serve instead';
  if (stage === 'asking')
    return `nginx is asked about a part of it${hasGood ? ', while the last good one is served, with current addresses' : ''}`;
  if (stage === 'nothing')
    return `the whole change is held back (${describeChange(leftOut)})${hasGood ? '; the last good one is served, with current addresses' : ''}`;
  const parts = [
    ...(leftOut.templates ? ['the last good template'] : []),
    ...(leftOut.settings ? ['no IPv6'] : []),
    ...(leftOut.locations.length > 0 ? ['everything except the paths that nginx names'] : []),
  ];
  return `served instead: ${parts.join(', ')}; addresses are current`;
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
  return parts.length === 0 ? 'removed paths' : parts.join('; ');
}

function routesLeftOut(instance: string, reason: string, leftOut: LeftOut | undefined): readonly Problem[] {
  const locations = leftOut?.locations ?? [];
  const services = [...new Set(locations.map(({ service }) => service))];
  return services.map((service) => {
    const own = locations.filter((one) => one.service === service);
    const answers = [
      ...(own.some(({ is503 }) => is503) ? ['503'] : []),
      ...(own.some(({ is503 }) => !is503) ? ["your snippet's answer"] : []),
    ];
    return problem('route-left-out', {
      instance,
      key: 'meet.paths',
      value: own.map(({ location }) => showPath(location)).join(','),
      message: `these paths of ${service} are left out, since nginx refuses them (${reason}); requests for these paths get ${answers.join(', or ')}`,
      cure: 'fix the label, or the setting that it collides with; meet-gen then tries again automatically',
    });
  });
}

function showPath({ kind, path }: LocationView): string {
  return kind === 'exact' ? `=${path}` : path;
}
