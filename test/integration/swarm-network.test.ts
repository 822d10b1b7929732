import { writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startDnsServer } from '../support/dns-server.ts';
import type { DnsServer } from '../support/dns-server.ts';
import type { FakeEngine } from '../support/fake-engine/engine.ts';
import { makePrivateMounts } from '../support/private-mounts.ts';
import type { PrivateMounts } from '../support/private-mounts.ts';
import { waitUntil } from '../support/wait-until.ts';
import { test as swarmTest, waitForStatus } from './swarm-scene.ts';
import type { SwarmScene } from './swarm-scene.ts';

interface Network {
  readonly dns: DnsServer;
  /** Starts meet-gen with a DNS server of the test in its /etc/resolv.conf. */
  run(flags?: readonly string[]): void;
}

const port = 9190;
const test = swarmTest.extend<{ network: Network }>({
  network: async ({ meet }, use) => {
    const { scene } = meet;
    const dns = await startDnsServer(scene.address(53));
    const file = join(scene.folder, 'resolv.conf');
    await writeFile(file, `nameserver [${scene.address(53)}]:${dns.port}\n`);
    const mounts = await makePrivateMounts(`mount --bind ${file} /etc/resolv.conf`);
    const servers = await Promise.all(meet.managers.map((manager, index) => forward(scene.address(30 + index), manager)));
    const managers = `tcp://tasks.reader:${port}`;
    try {
      await use({ dns, run: (flags = []) => runIn(mounts, meet, ['--managers', managers, ...flags]) });
    } finally {
      await scene.stopAll();
      for (const server of servers) server.close();
      await mounts.close();
      await dns.close();
    }
  },
});

function runIn({ wrap }: PrivateMounts, meet: SwarmScene, flags: readonly string[]): void {
  meet.scene.run(['--source', 'swarm', '--node', 'node-1', ...flags], { wrap });
}

/** Makes a manager answer at an address, too. */
function forward(address: string, { socketPath }: FakeEngine): Promise<Server> {
  const server = createServer((socket) => {
    const manager = createConnection(socketPath);
    for (const [from, to] of [
      [socket, manager],
      [manager, socket],
    ] as const) {
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  });
  return new Promise((resolve) => server.listen(port, address, () => resolve(server)));
}

/** The demoted backends in the status. */
function demoted(status: object): number {
  return JSON.stringify(status).split("Docker's DNS does not list its address").length - 1;
}

test.concurrent('a name stands for all its managers, over TCP', async ({ meet, network }) => {
  const { scene, managers } = meet;
  network.dns.answers.set('tasks.reader', [scene.address(30), scene.address(31), scene.address(32)]);
  meet.backend(20);
  network.run();
  await scene.serves(meet.server(20));
  await managers[0]?.goAway();
  await managers[1]?.goAway();
  network.dns.answers.set('tasks.reader', [scene.address(32)]);
  meet.backend(21);
  await scene.serves(meet.server(21));
  expect(managers[2]?.calls.length).toBeGreaterThan(0);
  network.dns.answers.set('tasks.reader', 'failure');
  await managers[0]?.comeBack();
  await managers[2]?.goAway();
  meet.backend(22);
  await managers[2]?.comeBack();
  await scene.serves(meet.server(22));
});

test.concurrent("Docker's DNS demotes a task that it does not list, and a failure or an empty answer demotes nothing", async ({
  meet,
  network,
}) => {
  const { scene } = meet;
  const { answers } = network.dns;
  const both = [scene.address(20), scene.address(21)];
  answers.set('tasks.reader', [scene.address(30)]).set('tasks.meet_backend', both);
  meet.backend(20);
  meet.backend(21);
  network.run();
  await scene.serves(meet.inRotation(20));
  answers.set('tasks.meet_backend', [scene.address(21)]);
  await waitForStatus(scene, 'one is demoted', (status) => demoted(status) === 1);
  await scene.serves(meet.standby(20));
  for (const answer of ['failure', 'unknown name', [], both] as const) {
    answers.set('tasks.meet_backend', answer);
    await scene.serves(meet.inRotation(20));
    answers.set('tasks.meet_backend', [scene.address(21)]);
    await scene.serves(meet.standby(20));
  }
  answers.set('tasks.meet_backend', ['10.0.9.9']);
  await scene.serves(meet.inRotation(20));
});

test.concurrent('DNS that changes with each answer makes nginx reload a limited number of times', async ({ meet, network }) => {
  const { scene } = meet;
  const [first, second, third] = [scene.address(20), scene.address(21), scene.address(22)];
  network.dns.answers.set('tasks.reader', [scene.address(30)]);
  network.dns.turns.set('tasks.meet_backend', [[first], [second], [first, second, third], [third]]);
  for (const host of [20, 21, 22]) meet.backend(host);
  network.run();
  await scene.serves(meet.server(20));
  const answers = (): number => network.dns.asked.filter((name) => name === 'tasks.meet_backend').length;
  await waitUntil('DNS has changed 80 times', () => answers() >= 80);
  const reloads = scene.engine.killCalls().length;
  await waitUntil('DNS has changed 40 times more', () => answers() >= 120);
  expect(scene.engine.killCalls().length - reloads).toBeLessThan(10);
});

test.concurrent('DNS that hangs delays no poll', async ({ meet, network }) => {
  const { scene } = meet;
  network.dns.answers.set('tasks.reader', [scene.address(30)]).set('tasks.meet_backend', 'silence');
  meet.backend(20);
  meet.backend(21);
  network.run();
  await scene.serves(meet.server(20));
  const polls = (): number => meet.managers.flatMap(({ calls }) => calls).filter(({ path }) => path === '/tasks').length;
  const before = { polls: polls(), questions: network.dns.asked.length };
  await waitUntil('DNS was asked, and polls went on', () => network.dns.asked.length > before.questions && polls() >= before.polls + 8);
  expect(network.dns.asked.length - before.questions).toBeLessThan((polls() - before.polls) / 2);
  meet.backend(22);
  await scene.serves(meet.server(22));
});
