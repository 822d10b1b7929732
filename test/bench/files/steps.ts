import { nowMs } from '../../../src/util/clock.ts';
import type { Observation } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { openFolders } from '../../../src/publish/folders.ts';
import { createPublisher } from '../../../src/publish/publisher.ts';
import type { FileSlot } from '../../../src/publish/publisher.ts';
import { createTemplateStore } from '../../../src/render/template-store.ts';
import { parseNginxVersion } from '../../../src/nginx/version.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { shippedTemplates } from '../../../src/render/shipped-templates.ts';
import { container, frontend, observe } from '../../support/containers.ts';

/** The milliseconds of each step of a pass, and the rendered file. */
export interface StepTimes {
  readonly readMs: number;
  readonly planMs: number;
  readonly renderMs: number;
  /** The file is replaced durably. */
  readonly publishMs: number;
  /** The file has this content already. */
  readonly publishAgainMs: number;
  readonly content: string;
}

/** A Meet's frontend, and `routes` services with a path each. The first service has another address in each round. */
export function observeRoutes(routes: number, round: number): Observation {
  const services = Array.from({ length: routes }, (_, number) =>
    container({
      name: `meet-service-${number}-1`,
      project: 'meet',
      service: `service-${number}`,
      labels: { 'meet.role': 'service', 'meet.paths': `/service-${number}`, 'meet.port': '8000' },
      networks: { meet_default: number === 0 ? `172.18.100.${round % 200}/16` : `172.18.${10 + (number >> 8)}.${number & 255}/16` },
    }),
  );
  return observe([frontend(), ...services]);
}

/** @returns a function that takes the steps of a pass one by one, in this process, and publishes into a directory */
export async function createSteps(directory: string): Promise<(observation: Observation) => Promise<StepTimes>> {
  const templates = createTemplateStore(shippedTemplates());
  await templates.begin(true);
  const place = { kind: 'directory', path: directory, only: 'meet' } as const;
  const publisher = createPublisher(place, openFolders(place), nowMs);
  const versions = [parseNginxVersion('1.30.3')];
  return async (observation) => {
    const startMs = performance.now();
    const [instance] = readInstances(observation).instances;
    const readAtMs = performance.now();
    if (instance === undefined) throw new Error('the containers should make an instance, but make none');
    const { view } = planRouting(instance, versions);
    const plannedAtMs = performance.now();
    const { content } = templates.render(view);
    const renderedAtMs = performance.now();
    const slot: FileSlot = { instance: instance.name };
    const first = await publisher.publish(slot, content);
    const publishedAtMs = performance.now();
    const second = await publisher.publish(slot, content);
    const endMs = performance.now();
    if (first !== 'written' || second !== 'unchanged') throw new Error(`the file should be written once, but was ${first}, then ${second}`);
    return {
      readMs: readAtMs - startMs,
      planMs: plannedAtMs - readAtMs,
      renderMs: renderedAtMs - plannedAtMs,
      publishMs: publishedAtMs - renderedAtMs,
      publishAgainMs: endMs - publishedAtMs,
      content,
    };
  };
}
