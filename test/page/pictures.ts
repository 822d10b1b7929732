import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../providers/browser/open-browser.ts';
import { composeLabels, createScene, network, waitForStatus, type Scene } from '../support/fake-engine/scene.ts';
import { freePort } from '../support/free-port.ts';
import { readStill } from './reader.ts';

// `npm run pictures`: makes the pictures of the status page in README.md and docs/status.md. No test compares them.
// After a change to the page, make new pictures and look at them.

const widthPixels = 1200;
const fontFolder = new URL('ttf/', import.meta.resolve('dejavu-fonts-ttf/package.json'));
/** The fonts of the pictures, so that the machine's fonts don't matter. */
const fonts = {
  'Picture Sans': { normal: 'DejaVuSans.ttf', bold: 'DejaVuSans-Bold.ttf' },
  'Picture Mono': { normal: 'DejaVuSansMono.ttf', bold: 'DejaVuSansMono-Bold.ttf' },
};

const releases: (() => Promise<unknown>)[] = [];
try {
  const scene = await createScene(releases);
  const url = await arrangeMeet(scene);
  const browser = await openBrowser();
  releases.push(() => browser.close());
  for (const scheme of ['light', 'dark'] as const) {
    const path = fileURLToPath(new URL(`../../docs/pictures/status-page-${scheme}.png`, import.meta.url));
    await takePicture(browser, url, scheme, path);
    process.stdout.write(`${path}\n`);
  }
} finally {
  for (const release of releases.toReversed()) await release();
}

/**
 * Makes a Meet with three backends, of which the third starts, and a misspelt label.
 * @returns the address of its page
 */
async function arrangeMeet(scene: Scene): Promise<string> {
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
  await waitForStatus(
    scene,
    'the status has four changes and a problem',
    ({ changes, problems }) => changes.length === 4 && problems.length === 1,
  );
  return `http://127.0.0.1:${port}/`;
}

async function takePicture(browser: Browser, url: string, scheme: 'light' | 'dark', path: string): Promise<void> {
  const page = await readStill(browser, url, { scheme, width: widthPixels, bypassCSP: true });
  await page.route('**/fonts/*', (route) => route.fulfill({ path: fileURLToPath(new URL(basename(route.request().url()), fontFolder)) }));
  await page.addStyleTag({ content: fontStyles() });
  await page.evaluate('Promise.all([...document.fonts].map((face) => face.load())).then(() => undefined)');
  await page.screenshot({ path, fullPage: true });
  await page.context().close();
}

function fontStyles(): string {
  const faces = Object.entries(fonts).flatMap(([family, files]) =>
    Object.entries(files).map(
      ([weight, file]) => `@font-face { font-family: "${family}"; font-weight: ${weight}; src: url(/fonts/${file}); }`,
    ),
  );
  return [
    ...faces,
    'body { font-family: "Picture Sans" !important; }',
    'code, pre, .place, .code { font-family: "Picture Mono" !important; }',
  ].join('\n');
}
