import { existsSync, writeFileSync } from 'node:fs';
import type { OwnNetwork } from './places.ts';
import { runCommand, tryCommand } from '../run-command.ts';

const inner = 'outside';

/** Makes the namespace, and a pair of interfaces between it and the machine, unless they exist. */
export async function makeNamespace(network: OwnNetwork): Promise<void> {
  const { namespace, interface: outer, outside, inside } = network;
  if (existsSync(namespace)) return;
  writeFileSync(namespace, '');
  await runCommand('unshare', [`--net=${namespace}`, 'true']);
  await runCommand('ip', ['link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', namespace]);
  await runCommand('ip', ['address', 'add', `${outside}/30`, 'dev', outer]);
  await runCommand('ip', ['link', 'set', outer, 'up']);
  for (const args of [
    ['address', 'add', `${inside}/30`, 'dev', inner],
    ['link', 'set', inner, 'up'],
    ['link', 'set', 'lo', 'up'],
  ]) {
    const [program = '', ...words] = insideNamespace(network, 'ip', args);
    await runCommand(program, words);
  }
}

/** Removes the namespace. The kernel removes its interfaces and firewall once it has no processes. */
export async function removeNamespace(network: OwnNetwork): Promise<void> {
  await tryCommand('ip', ['link', 'delete', network.interface]);
  await tryCommand('umount', [network.namespace]);
}

/**
 * The command line that runs a program in that network. `ip netns exec` isn't used, since it hides the machine's
 * cgroups.
 */
export function insideNamespace(network: OwnNetwork, program: string, args: readonly string[]): string[] {
  return ['nsenter', `--net=${network.namespace}`, program, ...args];
}
