import { execWay } from './exec.ts';
import { hookWay } from './hook.ts';
import { noneWay } from './none.ts';
import { signalWay } from './signal.ts';
import type { ReloadWay } from './way.ts';

/** Every value of `--reload`, in the order of its help. */
export const reloadWays: readonly ReloadWay[] = [signalWay, execWay, hookWay, noneWay];

export const defaultWay = signalWay;

export function wayNamed(name: string): ReloadWay | undefined {
  return reloadWays.find((way) => way.name === name);
}
