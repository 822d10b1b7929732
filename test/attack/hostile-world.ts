import type { Container } from '../../src/model/container.ts';
import { allLabels } from '../../src/model/label-table.ts';
import { backend, container, filesService, frontend, idOf } from '../support/containers.ts';

/** The victims: a Meet with a backend, a service and an S3 of its own. */
export const victims: readonly Container[] = [
  frontend({ networks: { meet_default: '172.18.0.2/16', proxy: '172.20.0.2/16' } }),
  backend({ health: 'healthy', networks: { meet_default: '172.18.0.5/16' } }),
  filesService({
    labels: { 'meet.allow.staff': '/files/admin from 10.0.0.0/8' },
    networks: { meet_default: '172.18.0.9/16', proxy: '172.20.0.9/16' },
  }),
  container({
    name: 'meet-minio-1',
    project: 'meet',
    service: 'minio',
    labels: { 'meet.role': 'media', 'meet.media.bucket': 'storage' },
    networks: { meet_default: '172.18.0.10/16' },
  }),
];

/** Puts an untrusted text into a place of a container. */
type Place = (base: Container, text: string) => Container;

const label =
  (key: string): Place =>
  (base, text) => ({ ...base, labels: { ...base.labels, [key]: text } });

/** Every place that can hold untrusted text. */
const places: Readonly<Record<string, Place>> = {
  ...Object.fromEntries(
    [
      'meet.role',
      ...allLabels.map((spec) => spec.key.replace('<name>', 'x')),
      'com.docker.compose.project',
      'com.docker.compose.service',
      'com.docker.compose.oneoff',
      'com.docker.stack.namespace',
      'com.docker.swarm.service.name',
    ].map((key) => [key, label(key)]),
  ),
  'a label key': (base, text) => ({ ...base, labels: { ...base.labels, [text]: 'x' } }),
  "a named route's name": (base, text) => ({ ...base, labels: { ...base.labels, [`meet.route.${text}.path`]: '/x' } }),
  "a guard's path": (base, text) => ({ ...base, labels: { ...base.labels, 'meet.allow.path': `${text} from 10.0.0.0/8` } }),
  "a guard's networks": (base, text) => ({ ...base, labels: { ...base.labels, 'meet.allow.networks': `/files from ${text}` } }),
  'a meet label key': (base, text) => ({ ...base, labels: { ...base.labels, [`meet.${text}`]: 'x' } }),
  'the container name': (base, text) => ({ ...base, name: text }),
  'the container name of an unnamed service': (base, text) => {
    const { 'com.docker.compose.service': _, ...labels } = base.labels;
    return { ...base, name: text, labels };
  },
  'the image id': (base, text) => ({ ...base, imageId: text }),
  'the network mode': (base, text) => ({ ...base, networks: [], networkMode: text }),
  'the network name': (base, text) => ({ ...base, networks: [{ name: text, ipv4: '10.6.6.6', ipv4PrefixLength: 8 }, ...base.networks] }),
  'the only network name': (base, text) => ({ ...base, networks: [{ name: text, ipv4: '10.6.6.6', ipv4PrefixLength: 8 }] }),
};

export const placeNames = Object.keys(places);

/**
 * Containers with a text in a place: a service of another project that joins the victims' instance, and a whole Meet.
 * `index` keeps the containers of several attacks apart.
 */
export function hostileContainers(place: string, text: string, index: number): readonly Container[] {
  const put = places[place];
  if (put === undefined) throw new Error(`there is no place called ${place}`);
  const named = (name: string): { name: string; id: string; project: string } => {
    const full = `intruder${index}-${name}-1`;
    return { name: full, id: idOf(`${full} ${place}`), project: `intruder${index}` };
  };
  const networks = { meet_default: `172.18.${1 + Math.floor(index / 250)}.${1 + (index % 250)}/16` };
  const paths = `/intruder${index}`;
  const service = (more: Record<string, string>): Record<string, string> => ({
    'meet.role': 'service',
    'meet.port': '6666',
    'meet.paths': paths,
    ...more,
  });
  return [
    put(container({ ...named('joined'), service: 'joined', networks, labels: service({ 'meet.instance': 'meet' }) }), text),
    put(container({ ...named('router'), service: 'router', networks, labels: { 'meet.role': 'router', 'meet.instance': 'meet' } }), text),
    put(container({ ...named('frontend'), service: 'frontend', networks, labels: { 'meet.role': 'frontend' } }), text),
    put(container({ ...named('backend'), service: 'backend', networks, labels: { 'meet.role': 'backend' } }), text),
    put(
      container({
        ...named('storage'),
        service: 'storage',
        networks,
        labels: { 'meet.role': 'media', 'meet.media.bucket': 'theirs', 'meet.instance': 'meet' },
      }),
      text,
    ),
    put(container({ ...named('files'), service: 'files', networks, labels: service({}) }), text),
  ].filter((one) => !isNoStrangerToVictims(one));
}

/** A frontend of the victims' own project, or a replica of their services, isn't an attacker: its labels count. */
function isNoStrangerToVictims({ labels }: Container): boolean {
  const instance = labels['meet.instance'] ?? labels['com.docker.compose.project'] ?? labels['com.docker.stack.namespace'];
  const ofProject = labels['com.docker.compose.project'] === 'meet' || labels['com.docker.stack.namespace'] === 'meet';
  return instance === 'meet' && (labels['meet.role'] === 'frontend' || ofProject);
}
