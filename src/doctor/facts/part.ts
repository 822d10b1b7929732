import { roles } from '../../model/label-table.ts';
import { isComposeOneOff } from '../../model/member.ts';
import type { Environment } from './environment.ts';
import type { ListedContainer, Part, Program } from './facts.ts';
import { serviceTextOf } from './swarm.ts';

/** The parts of one Meet; without the parts that several Meets share. */
export const partsOfMeet: readonly Part[] = [
  'frontend',
  'router',
  'backend',
  'worker',
  'service',
  'media',
  'keycloak',
  'livekit',
  'meet-gen',
  'reader',
  'socket-proxy',
];

/** Patterns for each part: the image name (without registry, folder, tag and digest), and the compose service. */
const byName: readonly (readonly [part: Part, image: RegExp, service: RegExp])[] = [
  ['frontend', /^meet-frontend$/, /^$/],
  ['backend', /^meet-backend$/, /^$/],
  ['worker', /^$/, /^celery(-.*)?$/],
  ['keycloak', /^keycloak(-x)?$/, /^keycloak$/],
  ['livekit', /^livekit(-server)?$/, /^livekit$/],
  ['outer-proxy', /^nginx-proxy$/, /^nginx-proxy$/],
  ['acme-companion', /^(acme-companion|letsencrypt-nginx-proxy-companion|docker-letsencrypt-nginx-proxy-companion)$/, /^acme-companion$/],
  ['meet-gen', /^meet-gen$/, /^meet-gen$/],
  ['socket-proxy', /^(docker-)?socket-proxy$/, /^(docker-proxy|(docker-)?socket-proxy)$/],
];

/**
 * The part of a container: from the role, else from the image, the virtual port, or the compose service. The
 * environment needs an inspect.
 */
export function partOf({ container, image }: ListedContainer, environment: Environment = {}, program: Program = 'other'): Part {
  if (isComposeOneOff(container)) return 'one-off';
  if (program === 'meet-gen reader') return 'reader';
  // A worker has the backend's image, and can have its labels.
  if (program !== 'other') return 'worker';
  const role = container.labels['meet.role'] ?? '';
  const byRole = roles.find((name) => name === role);
  if (byRole !== undefined) return byRole;
  const name = imageName(image);
  const service = serviceTextOf(container) ?? '';
  const byImage = byName.find(([, pattern]) => pattern.test(name))?.[0];
  const byService = byName.find(([, , pattern]) => pattern.test(service))?.[0];
  if (byImage === 'backend' && byService === 'worker') return 'worker';
  return byImage ?? byVirtualPort(environment) ?? byService ?? 'other';
}

/** `meet-backend` of `registry.example.com/lasuite/meet-backend:v1.27.0@sha256:…`. */
function imageName(image: string): string {
  return (image.split('@')[0]?.split('/').at(-1)?.split(':')[0] ?? '').toLowerCase();
}

function byVirtualPort({ VIRTUAL_PORT: port }: Environment): Part | undefined {
  return port?.value === 8083 ? 'frontend' : port?.value === 7880 ? 'livekit' : undefined;
}
