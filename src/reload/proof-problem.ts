import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import type { FrontendReport } from './prover.ts';

/** What is wrong with a frontend's proof, or undefined while nothing is. */
export function proofProblem(instance: string, { frontend, phase, proof }: FrontendReport, signals: boolean): Problem | undefined {
  const about = { instance, container: frontend.name };
  if (proof.signals.failure !== undefined && (phase === 'pending' || phase === 'unverified')) {
    return problem('signal-failed', {
      ...about,
      message: `the reload signal could not be sent: ${proof.signals.failure}`,
      cure: 'allow POST /containers/<frontend>/kill where a socket proxy stands in between',
    });
  }
  if (phase === 'unverified') {
    return problem('reload-unverified', {
      ...about,
      message: `it is not known which configuration the frontend serves: ${proof.silent?.reason ?? 'no answer'} (asked on ${frontend.statusEndpoints.join(', ') || 'no address'})`,
      cure: "mount the stub at /etc/nginx/conf.d/routing.conf in the frontend, and put meet-gen on one of the instance's own networks, not only on the one it shares with nginx-proxy",
    });
  }
  if (phase !== 'pending') return undefined;
  if (!signals) {
    return problem('reload-pending', {
      ...about,
      message: 'the frontend serves another configuration than the published one',
      cure: 'make it reload (nginx -s reload), since --reload none leaves that to you',
    });
  }
  return problem('reload-pending', {
    ...about,
    message: `the frontend goes on serving ${proof.running === 'none' ? 'no routes' : 'an older configuration'}, although it was told to reload`,
    cure: 'read its log (docker logs): nginx says there why it refuses the new one, or whether nginx is not the first process of the container and never sees the signal',
  });
}
