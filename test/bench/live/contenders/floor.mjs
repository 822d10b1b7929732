// The floor: it knows beforehand what is to be written; at the event it writes that and sends HUP. Nothing can be faster
// that learns from the engine's events, writes a file and has nginx reload by the engine's signal.
import { call, plan, watch, write } from './bare.mjs';

const running = new Set();
const names = Object.values(plan.backends).map(({ name }) => name);

watch(
  { type: ['container'], container: Object.keys(plan.backends), event: ['start', 'kill', 'die'] },
  ({ Action: action, Actor: actor }) => {
    const backend = plan.backends[actor.ID];
    if (action === 'start') running.add(backend.name);
    // Its end tells nothing new: the stop signal came before.
    else if (!running.delete(backend.name)) return;
    write(plan.texts[names.filter((name) => running.has(name)).join(',')]);
    void call('POST', `/containers/${plan.frontend.id}/kill?signal=HUP`);
  },
);
