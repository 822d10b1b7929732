import { crashPlaces, startSwarm } from '../providers/swarm/start-swarm.ts';

// The run that crash.test.ts ends: starts two engines, prints the swarm, and stops when standard input ends.

const { layout, stop } = await startSwarm(1, crashPlaces);
process.stdout.write(`${JSON.stringify(layout)}\n`);
await new Promise((resolve) => process.stdin.once('end', resolve).resume());
await stop();
