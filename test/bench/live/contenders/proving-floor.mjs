// The floor that proves: what is promised of a proof, and nothing else. It knows beforehand what is to be written, as the floor does; at
// the event it looks at that container, and again when it has been quiet, as the engine announces some changes early; it writes, sends
// HUP, asks nginx until it tells the new generation, and 150 ms later on ten times at once, until ten fresh answers in a row tell it.
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { call, plan, watch, write } from './bare.mjs';

const statusPort = 8084;
const quietMs = 50;
const pollMs = 5;
const settleMs = 150;
const answersUntilLive = 10;
/** A question costs some of the processor's time, so the first comes when the reload can be over, going by the one before. */
const soonestOfUsual = 0.7;

const backends = Object.entries(plan.backends);
const stopping = new Set();
const running = new Set();
let published = '';
let reloadMs = 0;
let target;

async function look(id) {
  const filters = encodeURIComponent(JSON.stringify({ id: [id] }));
  const [container] = (await call('GET', `/containers/json?filters=${filters}`)) ?? [];
  // Until its end the engine goes on calling it running.
  if (container?.NetworkSettings.Networks[plan.network]?.IPAddress && !stopping.has(id)) running.add(id);
  else running.delete(id);
  const inRotation = backends.flatMap(([backend, { name }]) => (running.has(backend) ? [name] : []));
  const text = plan.texts[inRotation.join(',')];
  if (text === published) return;
  published = text;
  write(text);
  void prove(/return 200 "([0-9a-f]{16}) /.exec(text)[1]);
}

/** Until it is live, or something else is to be. */
async function prove(generation) {
  target = generation;
  await call('POST', `/containers/${plan.frontend.id}/kill?signal=HUP`);
  const toldAtMs = performance.now();
  await pause(reloadMs * soonestOfUsual);
  while (isWanted(generation) && (await ask()) !== generation) await pause(pollMs);
  if (!isWanted(generation)) return;
  reloadMs = performance.now() - toldAtMs;
  await pause(settleMs);
  let fresh = 0;
  while (isWanted(generation) && fresh < answersUntilLive) {
    const answers = await Promise.all(Array.from({ length: answersUntilLive - fresh }, ask));
    const old = answers.findLastIndex((answer) => answer !== generation);
    fresh = old === -1 ? fresh + answers.length : answers.length - 1 - old;
  }
}

const isWanted = (generation) => target === generation;

/** On a fresh connection, since an old worker goes on answering on one that is kept; undefined where there is no answer. */
function ask() {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(statusPort, plan.frontend.address);
    socket.setEncoding('latin1').on('data', (text) => (answer += text));
    socket.on('error', () => undefined).on('close', () => resolve(/\r\n\r\n([0-9a-f]{16}) /.exec(answer)?.[1]));
    socket.write('GET /generation HTTP/1.0\r\n\r\n');
  });
}

watch(
  { type: ['container'], container: Object.keys(plan.backends), event: ['start', 'kill', 'die'] },
  ({ Action: action, Actor: { ID: id } }) => {
    // At the end of the grace there is a second one.
    if (action === 'kill' && stopping.has(id)) return;
    if (action === 'kill') stopping.add(id);
    else stopping.delete(id);
    // Its end is missed by nobody: the stop signal came before.
    if (action !== 'die') void look(id);
    setTimeout(() => void look(id), quietMs);
  },
);
