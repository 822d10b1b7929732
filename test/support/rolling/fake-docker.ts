import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../../docs/rolling-update.sh', import.meta.url));

/** A replica of the service. The newest is the last. */
interface FakeReplica {
  readonly name: string;
  readonly edition: string;
  readonly health: 'healthy' | 'starting' | 'unhealthy';
  readonly drained?: true;
}

interface FakeState {
  readonly replicas: readonly FakeReplica[];
  /** The replicas that Compose creates. */
  readonly next: Pick<FakeReplica, 'edition' | 'health'>;
  /** Which `docker ps` of the service's replicas fails, counting from 1. 0 means no failure. */
  readonly failingList: number;
  /** meet-gen doesn't route to the service. */
  readonly isUnrouted?: true;
}

// Plain JavaScript, which needs only node. It changes a JSON file as docker changes containers.
const fakeDocker = `#!/usr/bin/env node
const { readFileSync, writeFileSync } = require('node:fs');
const [file] = [process.env.FAKE_DOCKER_STATE];
const state = JSON.parse(readFileSync(file, 'utf8'));
const args = process.argv.slice(2);
const line = args.join(' ');
const save = () => writeFileSync(file, JSON.stringify(state));
const fail = (words) => { console.error(words); process.exit(1); };
const named = (name) => state.replicas.find((one) => one.name === name) ?? fail('no such container: ' + name);
if (line === 'compose config') console.log('name: meet\\nservices:\\n  backend:\\n    image: x\\n    scale: 2\\n  meet-gen:\\n    image: y');
else if (line === 'compose config --services') console.log('backend\\nmeet-gen');
else if (args[0] === 'ps' && line.includes('service=meet-gen')) console.log('meet-gen-1');
else if (args[0] === 'ps') {
  state.lists = (state.lists ?? 0) + 1;
  save();
  if (state.lists === state.failingList) fail('Cannot connect to the Docker daemon');
  for (const { name } of state.replicas.toReversed()) console.log(name);
} else if (args[0] === 'inspect') {
  const { edition, health } = named(args.at(-1));
  console.log(line.includes('config-hash') ? edition + ' image' : line.includes('State.Health') ? 'running ' + health : 'true');
} else if (args[0] === 'compose' && args[1] === 'up') {
  const count = Number(/--scale backend=(\\d+)/.exec(line)[1]);
  state.made ??= state.replicas.length;
  while (state.replicas.length < count) state.replicas.push({ name: 'meet-backend-' + ++state.made, ...state.next });
  save();
} else if (line.includes('meet-gen status')) {
  if (!state.isUnrouted) for (const { name, health, drained } of state.replicas) console.log('    ' + (health === 'healthy' && !drained ? 'in rotation  ' : 'out          ') + name + '  172.18.0.5:8000');
} else if (line.includes('meet-gen drain')) {
  const one = named(args.at(-1));
  if (!state.replicas.some((other) => other !== one && other.health === 'healthy' && !other.drained)) fail('no other replica is ready');
  one.drained = true;
  save();
} else if (args[0] === 'rm') {
  state.replicas = state.replicas.filter((one) => one !== named(args.at(-1)));
  save();
} else if (!['stop', 'logs', 'exec'].includes(args[0])) fail('unknown: ' + line);
`;

/** Runs docs/rolling-update.sh against the fake docker, and returns the remaining replicas. */
export async function runWithFakeDocker(
  state: FakeState,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly output: string; readonly left: readonly FakeReplica[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'fake-docker-'));
  const file = join(folder, 'state.json');
  try {
    writeFileSync(join(folder, 'docker'), fakeDocker);
    chmodSync(join(folder, 'docker'), 0o755);
    writeFileSync(file, JSON.stringify(state));
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}`, FAKE_DOCKER_STATE: file };
    const ended = await new Promise<{ code: number; output: string }>((resolve) => {
      execFile('sh', [script, ...args], { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
      });
    });
    return { ...ended, left: (JSON.parse(readFileSync(file, 'utf8')) as FakeState).replicas };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
