import { defined } from '../util/defined.ts';
import type { Labels } from './label-table.ts';

/** A replica's own share of the service's requests: the parameters of its line in an upstream. */
export type ServerParameters = ReturnType<typeof serverParametersOf>;

/** The parameters that labels ask for; a weight of 1 is nginx's own. */
export function serverParametersOf({ weight, maxConns }: Labels): { readonly weight?: number; readonly maxConns?: number } {
  return defined({ weight: weight === 1 ? undefined : weight, maxConns });
}
