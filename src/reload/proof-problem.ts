import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import type { Proof } from './proof.ts';
import type { FrontendReport } from './prover.ts';
import type { ReloadWay } from './ways/way.ts';

interface Words {
  readonly message: string;
  readonly cure: string;
}

/** The problem of a frontend's proof, if it has one. */
export function proofProblem(
  instance: string,
  { frontend, phase, isShadowed, proof }: FrontendReport,
  way: Pick<ReloadWay, 'notSentCure' | 'pending'>,
): Problem | undefined {
  const about = { instance, container: frontend.name };
  const isStuck = phase === 'pending' || phase === 'unverified';
  if (isStuck && proof.reloads.failure !== undefined) {
    const failed = notSent(proof.reloads.failure, proof.reloads.isUnsafe === true, way);
    if (failed !== undefined) return problem(failed.code, { ...about, ...failed.words });
  }
  if (phase === 'rejected') {
    return problem('reload-pending', {
      ...about,
      message: `the frontend still serves ${described(proof.running)}, since nginx refuses the published file (${proof.inquiry?.found.kind === 'refused' ? proof.inquiry.found.words : ''})`,
      cure: 'fix the fault that nginx names; meet-gen repeats the reload until nginx accepts the file',
    });
  }
  if (phase === 'unverified' && proof.running !== undefined) {
    return problem('reload-unverified', {
      ...about,
      message: `nginx in the frontend has the published file, but meet-gen can't reach its routing port to check what visitors get (${proof.mismatch?.answer ?? ''})`,
      cure: "check the host's firewall, which may block that port, and that meet.listen and the stub name the same port",
    });
  }
  if (phase === 'unverified') {
    return problem('reload-unverified', {
      ...about,
      message: `meet-gen can't ask the frontend which configuration it serves: ${proof.silent?.reason ?? 'no answer'} (asked on ${frontend.statusEndpoints.join(', ') || 'no address'})`,
      cure: `mount the stub at /etc/nginx/conf.d/routing.conf in the frontend, and put meet-gen ${isInHostMode(frontend) ? "in host mode too, or on one of the instance's own networks that isn't internal (the host's firewall must allow that port)" : "on one of the instance's own networks, not only on nginx-proxy's network"}`,
    });
  }
  if (phase === 'pending') return problem('reload-pending', { ...about, ...way.pending(described(proof.running)) });
  return isShadowed ? problem('shadowed', { ...about, ...shadowed(proof.mismatch) }) : undefined;
}

function notSent(
  failure: string,
  isUnsafe: boolean,
  { notSentCure }: Pick<ReloadWay, 'notSentCure'>,
): { readonly code: 'signal-unsafe' | 'signal-failed'; readonly words: Words } | undefined {
  if (isUnsafe)
    return {
      code: 'signal-unsafe',
      words: {
        message: `meet-gen sends no reload signal: after a signal, this engine would not restart the frontend when it crashes. A reload by a command in the frontend failed: ${failure}`,
        cure: 'use --reload hook (docs/hook.md); or allow POST /containers/<frontend>/exec, POST /exec/<id>/start and GET /exec/<id>/json in the socket proxy, if one is used',
      },
    };
  if (notSentCure === undefined) return undefined;
  return { code: 'signal-failed', words: { message: `meet-gen can't make the frontend reload: ${failure}`, cure: notSentCure } };
}

function shadowed(mismatch: Proof['mismatch']): Words {
  const rival = mismatch?.rival === undefined || mismatch.rival === '' ? 'another server' : mismatch.rival;
  return {
    message: `nginx in the frontend has the published file, but ${rival} answers visitors: ${mismatch?.answer ?? ''}`,
    cure: "remove that server; `meet-gen doctor`, or `nginx -T` in the frontend, names its file. With Meet's official compose file: remove the mount of default.conf.template into /etc/nginx/templates, from which the image writes conf.d/docs.conf",
  };
}

/** Only frontends in host mode are asked at the loopback address. */
function isInHostMode({ statusEndpoints }: FrontendReport['frontend']): boolean {
  return statusEndpoints.some((endpoint) => endpoint.startsWith('127.0.0.1:'));
}

function described(running: string | undefined): string {
  return running === 'none' ? 'no routes' : 'an older configuration';
}
