import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import type { LeftOut } from './left-out.ts';

/**
 * What there is to say when nginx refuses what labels and templates ask for.
 * @param leftOut absent when nothing good is there to be served instead
 * @param isSettled it is known what is at fault
 * @param hasGood something was served before it
 */
export function refusalProblems(
  instance: string,
  words: string,
  leftOut: LeftOut | undefined,
  isSettled: boolean,
  hasGood: boolean,
  rejectedPath: string,
): readonly Problem[] {
  const served =
    leftOut === undefined
      ? 'nothing good is known that could be served instead'
      : isSettled
        ? describeServed(leftOut)
        : `${hasGood ? 'the last good one is served with the addresses of now, while it is' : 'it is being'} found out what of it is at fault`;
  const rejected = problem('reload-rejected', {
    instance,
    message: `nginx refuses the configuration that labels and templates ask for (${words}); ${served}`,
    cure: `mend what nginx names, and it is tried again; the refused file is ${rejectedPath}`,
  });
  return isSettled ? [rejected, ...routesLeftOut(instance, words, leftOut)] : [rejected];
}

/**
 * The best that nginx accepts comes from templates that can't be rendered.
 * @param isGone they were an earlier process's: templates are never kept
 */
export function notRendered(instance: string, isGone: boolean): Problem {
  const reason = isGone
    ? 'the last good template is gone since meet-gen was restarted'
    : "the last good template can't be rendered with today's containers";
  return problem('template-broken', {
    instance,
    message: `${reason}, so the file stays as it is and addresses don't follow`,
    cure: 'mend the newest template, which nginx refuses',
  });
}

/** @param reason why nginx can't be asked */
export function checkImpossible(instance: string, reason: string | undefined): Problem {
  return problem('check-impossible', {
    instance,
    message: `a change of structure waits, since the frontends' nginx can't be asked about it (${reason ?? 'exec is not allowed'}), and --check exec lets nothing untested through`,
    cure: 'allow POST /containers/<frontend>/exec, POST /exec/<id>/start and GET /exec/<id>/json where a socket proxy stands in between, or use --check auto',
  });
}

function describeServed({ templates, settings, locations }: LeftOut): string {
  const parts = [
    ...(templates ? ['the last good template'] : []),
    ...(settings ? ['the last good ports, host names and sizes'] : []),
    ...(locations.length > 0 ? ['all but what is at fault'] : []),
  ];
  return parts.length === 0 ? 'it is being tried again' : `served is ${parts.join(' with ')}, with the addresses of now`;
}

function routesLeftOut(instance: string, words: string, leftOut: LeftOut | undefined): readonly Problem[] {
  const locations = leftOut?.locations ?? [];
  const services = [...new Set(locations.map(({ service }) => service))];
  return services.map((service) => {
    const own = locations.filter((one) => one.service === service);
    const paths = own.map(({ location }) => (location.kind === 'exact' ? `=${location.path}` : location.path));
    const instead = [...new Set(own.map((one) => one.instead))].join(', or ');
    return problem('route-left-out', {
      instance,
      key: 'meet.paths',
      value: paths.join(','),
      message: `these paths of ${service} are left out, since nginx refuses them (${words}); requests for them get ${describeInstead(instead)}`,
      cure: 'mend the label, or what it collides with; it is tried again by itself',
    });
  });
}

function describeInstead(instead: string): string {
  return instead.replace('as before', 'what they got before').replace('the SPA', 'whatever else takes that path, the SPA at last');
}
