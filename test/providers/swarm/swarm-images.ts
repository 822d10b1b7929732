import { provideMeetGenImage } from '../../support/meet-stack.ts';
import { provideEngine, type Engine } from '../engine/provide-engine.ts';
import { provideImages, type Images } from '../engine/stand-ins.ts';
import { cleanUp } from '../engine/test-run.ts';
import { copyImages } from './copy-images.ts';
import { clientOfNode } from './start-swarm.ts';
import type { SwarmLayout } from './swarm-layout.ts';

/** The names of the images that each node has. */
export interface SwarmImages {
  readonly meetGen: string;
  readonly frontend: string;
  /** A frontend with the oldest nginx. */
  readonly olderFrontend: string;
  readonly backend: string;
  readonly idle: string;
}

const log = (line: string): void => void process.stderr.write(`${line}\n`);

/** Builds meet-gen's image and the stand-ins on the tests' engine, and copies them to all nodes. */
export async function provideSwarmImages(layout: SwarmLayout): Promise<SwarmImages> {
  const engine = await provideEngine({ log });
  try {
    return await copyToSwarm(engine, await provideImages(engine, { log }), layout);
  } finally {
    await cleanUp(engine);
    await engine.stop();
  }
}

/** Copies the images from an engine that has the stand-ins. */
export async function copyToSwarm(engine: Engine, { frontend, backend, idle }: Images, layout: SwarmLayout): Promise<SwarmImages> {
  const images: SwarmImages = {
    meetGen: await provideMeetGenImage(engine),
    frontend: frontend['1.30'],
    olderFrontend: frontend['1.22'],
    backend,
    idle,
  };
  const nodes = layout.nodes.map((node) => clientOfNode(layout, node));
  await copyImages(engine, nodes, Object.values(images));
  return images;
}
