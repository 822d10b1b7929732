// The peers' way, which is docker-gen's without `-wait`. Each start or end of a container leads to a pass, one after
// the other. A pass reads the engine's info, lists all containers, inspects each container and renders. If the text
// differs from the file, the pass writes the file and signals the containers that a label selects.
import { readFileSync } from 'node:fs';
import { call, plan, watch, write } from './bare.mjs';

const filtersOf = (filters) => encodeURIComponent(JSON.stringify(filters));

async function pass() {
  await call('GET', '/info');
  const inspected = [];
  for (const { Id } of await call('GET', '/containers/json')) inspected.push(await call('GET', `/containers/${Id}/json`));
  const addresses = inspected.filter(isBackend).map(({ NetworkSettings }) => NetworkSettings.Networks[plan.network].IPAddress);
  const text = render(addresses.filter((address) => address !== '').toSorted((left, right) => left.localeCompare(right)));
  if (text === published()) return;
  write(text);
  const frontends = await call(
    'GET',
    `/containers/json?filters=${filtersOf({ label: [`com.docker.compose.project=${plan.project}`, 'meet.role=frontend'] })}`,
  );
  for (const { Id } of frontends) await call('POST', `/containers/${Id}/kill?signal=HUP`);
}

function isBackend(container) {
  const labels = container?.Config.Labels ?? {};
  return container?.State.Running && labels['com.docker.compose.project'] === plan.project && labels['meet.role'] === 'backend';
}

/** The same lines as meet-gen's. */
function render(addresses) {
  if (addresses.length === 0) return plan.texts[''];
  const servers = addresses.map((address) => `    server ${address}:8000 max_fails=0 fail_timeout=0;\n`).join('');
  return plan.texts['one,two'].split(/^(?: {4}server [\d.]+:8000 .*\n)+/m).join(servers);
}

function published() {
  try {
    return readFileSync(plan.file, 'utf8');
  } catch {
    return undefined;
  }
}

let last = Promise.resolve();
const isRelevant = (action) => ['start', 'stop', 'die'].includes(action) || action.startsWith('health_status');
watch({ type: ['container'] }, ({ Action: action }) => {
  if (isRelevant(action)) last = last.then(pass);
});
