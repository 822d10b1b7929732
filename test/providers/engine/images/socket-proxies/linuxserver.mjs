// Decides like linuxserver/docker-socket-proxy (root/templates/haproxy.cfg of its repository, HAProxy 3). Environment
// variables allow paths by their beginning, not by their end. ALLOW_RESTARTS comes before POST, and applies to every
// container. Since August 2026, some GETs below /containers have separate variables. A silent answer is cut.
import { isSet, startProxy } from './proxy.mjs';

const version = '^(/v[\\d.]+)?';
const container = `${version}/containers/[a-zA-Z0-9_.-]+`;
const on = (name, path) => ({ name, path: new RegExp(path, 'i') });

const beforePost = [
  on('ALLOW_RESTARTS', `${container}/((stop)|(restart)|(kill))`),
  on('ALLOW_START', `${container}/start`),
  on('ALLOW_STOP', `${container}/stop`),
  on('ALLOW_PAUSE', `${container}/pause`),
  on('ALLOW_UNPAUSE', `${container}/unpause`),
];
const refinements = ['ARCHIVE', 'CHANGES', 'EXPORT', 'LOGS', 'TOP'].map((name) =>
  on(`ALLOW_${name}`, `${container}/${name.toLowerCase()}`),
);
const sections = [
  ...['AUTH', 'BUILD', 'COMMIT', 'CONFIGS', 'CONTAINERS', 'DISTRIBUTION', 'EVENTS', 'EXEC', 'GRPC', 'IMAGES', 'INFO', 'NETWORKS'],
  ...['NODES', 'PING', 'PLUGINS', 'SECRETS', 'SERVICES', 'SESSION', 'SWARM', 'SYSTEM', 'TASKS', 'VERSION', 'VOLUMES'],
].map((name) => on(name, `${version}/${name === 'PING' ? '_ping' : name.toLowerCase()}`));
const onByDefault = new Set(['EVENTS', 'PING', 'VERSION']);

const refused = (reason) => ({
  status: 403,
  reason,
  type: 'text/html',
  body: '<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n',
});

function judge(request) {
  const path = decodeURIComponent(request.url.split('?')[0]);
  const matches = (rule) => rule.path.test(path);
  if (beforePost.some((rule) => matches(rule) && isSet(rule.name))) return undefined;
  if (!['GET', 'HEAD'].includes(request.method) && !isSet('POST')) return refused('no POST');
  const refinement = refinements.find(matches);
  if (refinement !== undefined && !isSet(refinement.name)) return refused(`no ${refinement.name}`);
  const isAllowed = sections.some((rule) => matches(rule) && isSet(rule.name, onByDefault.has(rule.name) ? '1' : '0'));
  return isAllowed ? undefined : refused('no section');
}

startProxy({
  socketPath: process.env.SOCKET_PATH || '/var/run/docker.sock',
  listen: [[Number(process.env.STAND_IN_PORT || '2375'), '0.0.0.0']],
  judge,
  // HAProxy's `timeout server`, which the real image doesn't let users set.
  silenceMs: Number(process.env.STAND_IN_SILENCE_MS || '600000'),
  // On an engine with other users, events never stop. There the stream is cut after this lifetime instead.
  lifeMs: Number(process.env.STAND_IN_LIFE_MS || '0'),
});
