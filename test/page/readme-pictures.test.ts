import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { composeLabels, freePort, network, test, waitForStatus } from '../integration/scene.ts';
import { openBrowser } from '../providers/browser/open-browser.ts';
import { comparePicture } from './picture.ts';
import { readStill } from './reader.ts';

// The pictures of the page in the README are the page as it is.

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

test('light and dark', async ({ scene }) => {
  const port = await freePort();
  await scene.frontend('meet-frontend-1', { version: '1.30.3', container: { health: 'healthy' } });
  scene.backend('meet-backend-1', 21, { health: 'healthy' });
  scene.run(['--listen', `127.0.0.1:${port}`]);
  await scene.converged();
  scene.backend('meet-backend-2', 22, { health: 'healthy' });
  await scene.serves(scene.address(22));
  scene.engine.world.add({
    name: 'meet-whiteboard-1',
    labels: composeLabels('meet', 'whiteboard', {
      'meet.role': 'service',
      'meet.paths': '/board',
      'meet.port': '3002',
      'meet.websockets': 'true',
    }),
    networks: { [network]: scene.address(31) },
    prefixLength: 24,
    image: 'whiteboard',
    health: 'healthy',
  });
  await scene.serves(scene.address(31));
  scene.backend('meet-backend-3', 23, { health: 'starting' });
  await scene.serves(scene.address(23));
  await waitForStatus(scene, 'all of it is told', ({ changes, problems }) => changes.length === 4 && problems.length === 1);
  for (const scheme of ['light', 'dark'] as const) {
    const page = await readStill(browser, `http://127.0.0.1:${port}/`, { scheme, width: 1200 });
    const file = fileURLToPath(new URL(`../../docs/pictures/status-page-${scheme}.png`, import.meta.url));
    expect(comparePicture(file, await page.screenshot({ fullPage: true }))).toBeUndefined();
    await page.context().close();
  }
});
