import { composeLabels } from '../../support/fake-engine/scene.ts';
import type { Scene } from '../../support/fake-engine/scene.ts';

const otherMeets = 200;

/** Adds labelled containers of other Meets, each Meet on its own network, without an event. */
export function addOthers(scene: Scene, containers: number): void {
  scene.engine.world.silently((world) => {
    for (let number = 0; number < containers; number += 1) {
      const project = `other-${number % otherMeets}`;
      world.add({
        name: `${project}-backend-${number}`,
        labels: composeLabels(project, 'backend', { 'meet.role': 'backend' }),
        networks: { [`${project}_default`]: addressOf(number) },
      });
    }
  });
}

/** Adds services of the scene's own Meet, each with a path and one container, without an event. */
export function addServices(scene: Scene, services: number): void {
  scene.engine.world.silently((world) => {
    for (let number = 0; number < services; number += 1) {
      world.add({
        name: `meet-service-${number}-1`,
        labels: composeLabels('meet', `service-${number}`, {
          'meet.role': 'service',
          'meet.paths': `/service-${number}`,
          'meet.port': '8000',
        }),
        networks: { meet_default: addressOf(number) },
      });
    }
  });
}

function addressOf(number: number): string {
  return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
}
