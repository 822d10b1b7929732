import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkHealth } from '../../../src/commands/healthcheck.ts';
import { readOptions } from '../../../src/options.ts';
import { statusSocketOf } from '../../support/status-socket.ts';
import { sourceNamed } from '../../../src/source/kinds/source-table.ts';

/** Answers like a sidecar whose loop turns, and that has no current view. */
async function startUnready(): Promise<string> {
  const out = mkdtempSync(join(tmpdir(), 'meet-gen-health-'));
  const socket = statusSocketOf(out);
  mkdirSync(dirname(socket), { recursive: true });
  const server = createServer(({ url }, response) => void response.writeHead(url === '/healthz' ? 200 : 503).end());
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => {
    server.close();
    rmSync(out, { recursive: true });
    rmSync(dirname(socket), { recursive: true, force: true });
  });
  return out;
}

test.each([
  ['docker', /not ready/],
  ['swarm', undefined],
])('without a current view, a meet-gen with --source %s is not ready: %s', async (name, expected) => {
  const options = readOptions('healthcheck', { out: await startUnready() }, {});
  const problem = await checkHealth({ ...options, source: sourceNamed(name) ?? options.source });
  if (expected === undefined) expect(problem).toBe(undefined);
  else expect(problem).toMatch(expected);
});
