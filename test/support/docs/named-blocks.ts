/** The test that reads a named block. The test runs the block, or compares it with real output. */
interface NamedBlock {
  readonly page: string;
  readonly block: string;
  readonly test: string;
}

const access = 'test/e2e/access/access.test.ts';
const explainPage = 'test/unit/docs/explain-page.test.ts';
const fromHandWritten = 'test/e2e/docs/from-hand-written.test.ts';
const newcomer = 'test/e2e/docs/newcomer.test.ts';

const all = (page: string, test: string, ...blocks: readonly string[]): readonly NamedBlock[] =>
  blocks.map((block) => ({ page, block, test }));

export const namedBlocks: readonly NamedBlock[] = [
  ...all('README.md', newcomer, 'files', 'start', 'look', 'first status', 'more backends', 'drain and stop', 'questions', 'doctor'),
  ...all('README.md', 'test/endurance/demo.test.ts', 'demo'),
  ...all('docs/alternatives.md', 'test/e2e/docs/resolve.test.ts', 'resolve'),
  ...all('docs/architecture.md', 'test/unit/docs/architecture-page.test.ts', 'the flow'),
  ...all('docs/explain.md', explainPage, 'the backend answers', 'nobody in rotation', 'nobody has the path', 'a refused path'),
  ...all('docs/hook.md', newcomer, 'hardened'),
  ...all('docs/media.md', 'test/e2e/media/media.test.ts', 'files'),
  ...all('docs/media.md', 'test/e2e/media/storage-elsewhere.test.ts', 'storage elsewhere'),
  ...all('docs/media.md', 'test/e2e/media/webhooks.test.ts', 'calls from inside'),
  ...all('docs/networks.md', 'test/e2e/lifecycle/ipv6.test.ts', 'stub for IPv6'),
  ...all('docs/operations.md', newcomer, 'update', 'restart', 'resync', 'lose the volume', 'log level', 'remove'),
  ...all('docs/recipes/from-hand-written.md', fromHandWritten, "the socket's group", 'install', 'look before', 'go', 'is it live'),
  ...all('docs/recipes/from-hand-written.md', fromHandWritten, 'new addresses', 'the way back'),
  ...all('docs/recipes/from-hand-written.md', 'test/e2e/docs/layouts.test.ts', 'doctor first'),
  ...all('docs/recipes/from-meets-compose.md', 'test/e2e/docs/layouts.test.ts', 'the official compose'),
  ...all('docs/recipes/own-template.md', newcomer, 'snippets', 'robots.conf', 'read snippets', 'take the template', 'change the template'),
  ...all('docs/recipes/own-template.md', newcomer, 'try the template', 'use the template', 'start with it'),
  ...all('docs/rolling-updates.md', newcomer, 'replace two', 'the script', 'the number'),
  ...all('docs/router.md', 'test/e2e/router/router.test.ts', 'router'),
  ...all('docs/engine-access.md', access, 'wollomatic, signal', 'wollomatic, hook', 'linuxserver, signal', 'linuxserver, hook'),
  ...all('docs/status.md', 'test/unit/docs/status-page.test.ts', 'status'),
  ...all('docs/status.md', newcomer, 'what would change'),
  ...all('docs/swarm.md', 'test/e2e/compose/stack.test.ts', 'deploy'),
  ...all('docs/swarm.md', 'test/endurance/swarm-page.test.ts', 'prepare', 'look', 'scale, update, drain', 'drain a manager'),
  ...all('docs/swarm.md', 'test/endurance/swarm-page.test.ts', 'drain by label'),
  ...all('docs/tenants.md', 'test/e2e/tenants/tenants.test.ts', 'one meet-gen for all', 'in each tenant'),
  ...all('docs/troubleshooting.md', newcomer, 'doctor'),
];
