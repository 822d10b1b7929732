import { startSwarm } from './start-swarm.ts';
import { provideSwarmImages } from './swarm-images.ts';

// The tests' swarm for manual use: `npx tsx test/providers/swarm/cli.ts`, or with `3` for three managers. It runs until
// Ctrl-C, or the end of standard input.

const { layout, stop } = await startSwarm(process.argv[2] === '3' ? 3 : 1);
try {
  const images = await provideSwarmImages(layout);
  process.stdout.write(`${Object.values(images).join('\n')}\n`);
  for (const { name, host, address, publishAddress } of layout.nodes)
    process.stdout.write(
      `${name}: DOCKER_HOST=${host} DOCKER_CONFIG=${layout.env['DOCKER_CONFIG']} ${layout.dockerCli} …  # ${address}, from here ${publishAddress}\n`,
    );
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    process.stdin.once('end', resolve).resume();
  });
} finally {
  await stop();
}
