import { likelyInstance } from '../../model/member.ts';
import type { Subject } from './facts.ts';

/** The Meet of a container, from its labels only. */
export function meetOf({ container }: Subject): string {
  return likelyInstance(container);
}
