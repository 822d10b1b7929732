// The floor: the bench passes the finished texts, and an event only leads to a write and a HUP. No program is faster
// that reads the engine's events, writes a file and reloads nginx by the engine's signal.
import { call, plan, watch, write } from './bare.mjs';

const running = new Set();
const names = Object.values(plan.backends).map(({ name }) => name);

watch(
  { type: ['container'], container: Object.keys(plan.backends), event: ['start', 'kill', 'die'] },
  ({ Action: action, Actor: actor }) => {
    const backend = plan.backends[actor.ID];
    if (action === 'start') running.add(backend.name);
    // The stop signal came before `die`, and the file is written already.
    else if (!running.delete(backend.name)) return;
    write(plan.texts[names.filter((name) => running.has(name)).join(',')]);
    void call('POST', `/containers/${plan.frontend.id}/kill?signal=HUP`);
  },
);
