import type { Patient } from './facts.ts';

/** Which Meet a container belongs to, as far as labels tell. */
export function meetOf({ container, project }: Patient): string {
  return container.labels['meet.instance'] ?? project ?? 'default';
}
