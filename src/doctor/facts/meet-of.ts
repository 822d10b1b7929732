import { likelyInstance } from '../../model/member.ts';
import type { Patient } from './facts.ts';

/** Which Meet a container belongs to, as far as labels tell. */
export function meetOf({ container }: Patient): string {
  return likelyInstance(container);
}
