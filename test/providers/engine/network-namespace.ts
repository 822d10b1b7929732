import { existsSync, writeFileSync } from 'node:fs';
import type { OwnNetwork } from './places.ts';
import { runCommand, tryCommand } from '../run-command.ts';

const inner = 'outside';

/** Makes the namespace, and a pair of interfaces between it and the machine; one that is there already is kept. */
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

/** Removes it; its interfaces and firewall go with it as soon as no process is in it. */
export async function removeNamespace(network: OwnNetwork): Promise<void> {
  await tryCommand('ip', ['link', 'delete', network.interface]);
  await tryCommand('umount', [network.namespace]);
}

/** The words that run a program on that network. Not `ip netns exec`, which hides the machine's cgroups. */
export function insideNamespace(network: OwnNetwork, program: string, args: readonly string[]): string[] {
  return ['nsenter', `--net=${network.namespace}`, program, ...args];
}
