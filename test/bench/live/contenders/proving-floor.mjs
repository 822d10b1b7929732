// The floor that proves: only the work that a proof needs. As for the floor, the bench passes the finished texts. An
// event leads to a look at that container, and to a second look 50 ms later, since the engine announces some changes
// early. Then the script writes the text, sends HUP and asks nginx until an answer has the new generation. From 150 ms
// later it sends ten requests at once, until ten fresh answers in a row have the new generation.
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { call, plan, watch, write } from './bare.mjs';

const statusPort = 8084;
const quietMs = 50;
const pollMs = 5;
const settleMs = 150;
const answersUntilLive = 10;
/** A request costs processor time, so the first one waits for most of the time that the last reload took. */
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
  // The engine calls a stopping container running until its end.
  if (container?.NetworkSettings.Networks[plan.network]?.IPAddress && !stopping.has(id)) running.add(id);
  else running.delete(id);
  const inRotation = backends.flatMap(([backend, { name }]) => (running.has(backend) ? [name] : []));
  const text = plan.texts[inRotation.join(',')];
  if (text === published) return;
  published = text;
  write(text);
  void prove(/return 200 "([0-9a-f]{16}) /.exec(text)[1]);
}

/** Resolves when the generation is live, or a newer generation is wanted. */
async function prove(generation) {
  target = generation;
  await call('POST', `/containers/${plan.frontend.id}/kill?signal=HUP`);
  const signalledAtMs = performance.now();
  await pause(reloadMs * soonestOfUsual);
  while (isWanted(generation) && (await ask()) !== generation) await pause(pollMs);
  if (!isWanted(generation)) return;
  reloadMs = performance.now() - signalledAtMs;
  await pause(settleMs);
  let fresh = 0;
  while (isWanted(generation) && fresh < answersUntilLive) {
    const answers = await Promise.all(Array.from({ length: answersUntilLive - fresh }, ask));
    const old = answers.findLastIndex((answer) => answer !== generation);
    fresh = old === -1 ? fresh + answers.length : answers.length - 1 - old;
  }
}

const isWanted = (generation) => target === generation;

/**
 * Asks on a fresh connection, since an old worker keeps answering on a kept one.
 * @returns undefined without an answer
 */
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
    // At the end of the grace period comes a second `kill`.
    if (action === 'kill' && stopping.has(id)) return;
    if (action === 'kill') stopping.add(id);
    else stopping.delete(id);
    // The stop signal came before `die`, and the file is written already.
    if (action !== 'die') void look(id);
    setTimeout(() => void look(id), quietMs);
  },
);
