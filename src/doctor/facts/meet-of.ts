import { likelyInstance } from '../../model/member.ts';
import type { Subject } from './facts.ts';

/** Which Meet a container belongs to, as far as labels tell. */
export function meetOf({ container }: Subject): string {
  return likelyInstance(container);
}
