import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import type { Proof } from './proof.ts';
import type { FrontendReport } from './prover.ts';
import type { ReloadWay } from './ways/way.ts';

/** The problem of a frontend's proof, if it has one. */
export function proofProblem(
  instance: string,
  { frontend, phase, isShadowed, proof }: FrontendReport,
  way: Pick<ReloadWay, 'notSentCure' | 'pending'>,
): Problem | undefined {
  const about = { instance, container: frontend.name };
  const { notSentCure } = way;
  if (notSentCure !== undefined && proof.reloads.failure !== undefined && (phase === 'pending' || phase === 'unverified')) {
    return problem('signal-failed', {
      ...about,
      message: `the frontend could not be told to reload: ${proof.reloads.failure}`,
      cure: notSentCure,
    });
  }
  if (phase === 'rejected') {
    return problem('reload-pending', {
      ...about,
      message: `the frontend goes on serving ${described(proof.running)}: nginx refuses the published one (${proof.inquiry?.found.kind === 'refused' ? proof.inquiry.found.words : ''})`,
      cure: 'fix what nginx names; it is told to reload again and again until it does',
    });
  }
  if (phase === 'unverified' && proof.running !== undefined) {
    return problem('reload-unverified', {
      ...about,
      message: `the frontend's nginx has the published routes, but its routing port can't be reached from meet-gen, so it is not known what visitors get (${proof.mismatch?.answer ?? ''})`,
      cure: 'let meet-gen reach that port as it reaches the status port: a firewall of the host may close it, or meet.listen and the stub name different ports',
    });
  }
  if (phase === 'unverified') {
    return problem('reload-unverified', {
      ...about,
      message: `it is not known which configuration the frontend serves: ${proof.silent?.reason ?? 'no answer'} (asked on ${frontend.statusEndpoints.join(', ') || 'no address'})`,
      cure: `mount the stub at /etc/nginx/conf.d/routing.conf in the frontend, and put meet-gen ${isInHostMode(frontend) ? "on one of the instance's own networks that is not internal (a firewall of the host must let it reach that port), or in host mode, too" : "on one of the instance's own networks, not only on the one it shares with nginx-proxy"}`,
    });
  }
  if (phase === 'pending') return problem('reload-pending', { ...about, ...way.pending(described(proof.running)) });
  return isShadowed ? problem('shadowed', { ...about, ...shadowed(proof.mismatch) }) : undefined;
}

function shadowed(mismatch: Proof['mismatch']): { readonly message: string; readonly cure: string } {
  const rival = mismatch?.rival === undefined || mismatch.rival === '' ? 'another server' : mismatch.rival;
  return {
    message: `the frontend's nginx has the published routes, but visitors get ${rival} instead: ${mismatch?.answer ?? ''}`,
    cure: "take away what makes that server: in Meet's official compose, the mount of default.conf.template into /etc/nginx/templates, from which the image writes conf.d/docs.conf; `meet-gen doctor` names the file, as `nginx -T` in the frontend does",
  };
}

/** Only frontends in host mode are asked at the loopback address. */
function isInHostMode({ statusEndpoints }: FrontendReport['frontend']): boolean {
  return statusEndpoints.some((endpoint) => endpoint.startsWith('127.0.0.1:'));
}

function described(running: string | undefined): string {
  return running === 'none' ? 'no routes' : 'an older configuration';
}
