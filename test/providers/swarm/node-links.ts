import { spawn } from 'node:child_process';
import { runCommand, tryCommand } from '../run-command.ts';

// The nodes hang on a bridge like hosts on a switch. The bridge has a network namespace of its own, so the machine's
// firewall never sees the nodes' packets. A second link connects each node with the machine: it stays when a test cuts
// the first.

const bridge = 'switch';
const clusterLink = 'nodes';
const machineLink = 'machine';
const port = (index: number): string => `port${index}`;

/** The links of a node with the machine: their names there, and their network, which is only for tests (RFC 2544). */
export interface MachineLinks {
  readonly prefix: string;
  readonly network: string;
}

/** The address of a node on the link between the nodes. */
export const addressAmongNodes = (index: number): string => `198.18.250.${index + 1}`;

/** The address of a node on its link with the machine, which has the address before this. */
export const addressForMachine = ({ network }: MachineLinks, index: number): string => `${network}.${4 * index + 2}`;

/** A network namespace with a bridge. It ends with `end()`, and at the latest with this process. */
export async function makeSwitch(): Promise<{ readonly pid: number; end(): Promise<void> }> {
  const script = `ip link add ${bridge} type bridge && ip link set ${bridge} up && echo ready && cat > /dev/null`;
  const holder = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' });
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => resolve());
    holder.once('error', reject);
    holder.once('exit', (code) => reject(new Error(`The network between the nodes can't be made: \`unshare --net\` ended with ${code}`)));
  });
  return {
    pid: holder.pid ?? NaN,
    async end() {
      const ended = holder.exitCode !== null || new Promise((resolve) => holder.once('exit', resolve));
      holder.stdin.end();
      await ended;
    },
  };
}

/** Connects a node with the switch and with the machine. */
export async function linkNode(links: MachineLinks, switchPid: number, nodePid: number, index: number): Promise<void> {
  const ends = ['type', 'veth', 'peer', 'name'];
  const [side, inNode] = [`${links.prefix}${index}`, ['netns', String(nodePid)]];
  await ip(['link', 'add', 'name', port(index), 'netns', String(switchPid), ...ends, clusterLink, ...inNode]);
  await setPort({ switchPid }, index, ['master', bridge, 'up']);
  await ipIn(nodePid, ['address', 'add', `${addressAmongNodes(index)}/24`, 'dev', clusterLink]);
  await ipIn(nodePid, ['link', 'set', clusterLink, 'up']);
  await unlinkNode(links, index);
  await ip(['link', 'add', 'name', side, ...ends, machineLink, ...inNode]);
  await ip(['address', 'add', `${links.network}.${4 * index + 1}/30`, 'dev', side]);
  await ip(['link', 'set', side, 'up']);
  await ipIn(nodePid, ['address', 'add', `${addressForMachine(links, index)}/30`, 'dev', machineLink]);
  await ipIn(nodePid, ['link', 'set', machineLink, 'up']);
}

/** Removes the link with the machine. The kernel does it with the node's namespace, but some moments later. */
export async function unlinkNode({ prefix }: MachineLinks, index: number): Promise<void> {
  await tryCommand('ip', ['link', 'delete', `${prefix}${index}`]);
}

/** Cuts a node off from the others, as if its cable was pulled, or connects it again. */
export async function setLink(layout: { readonly switchPid: number }, index: number, state: 'up' | 'down'): Promise<void> {
  await setPort(layout, index, [state]);
}

async function setPort({ switchPid }: { readonly switchPid: number }, index: number, words: readonly string[]): Promise<void> {
  await ipIn(switchPid, ['link', 'set', port(index), ...words]);
}

async function ip(words: readonly string[]): Promise<void> {
  await runCommand('ip', words);
}

async function ipIn(pid: number, words: readonly string[]): Promise<void> {
  await runCommand('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', ...words]);
}
