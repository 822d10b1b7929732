import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { addService, askPort, askSocket, composeLabels, freePort, network, test, waitForStatus } from '../integration/scene.ts';
import type { Scene } from '../integration/scene.ts';
import { openBrowser } from '../providers/browser/open-browser.ts';
import { waitUntil } from '../support/wait-until.ts';
import { accessibilityViolations } from './accessibility.ts';
import { layoutFaults } from './layout.ts';
import { readPage } from './reader.ts';
import type { Reader } from './reader.ts';
import { gone, shows, visible } from './seen.ts';

// The page for a reader: it follows changes, keeps opened parts open, shows untrusted text as text, and changes no
// state.

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

/** Starts a frontend, a backend and meet-gen, and opens the page. */
async function startReading(
  scene: Scene,
  flags: readonly string[] = [],
): Promise<Reader & { readonly port: number; readonly url: string }> {
  await scene.frontend('frontend');
  scene.backend('backend', 20, { health: 'healthy' });
  const port = await freePort();
  scene.run(['--listen', `127.0.0.1:${port}`, ...flags]);
  await scene.converged();
  const url = `http://127.0.0.1:${port}/`;
  return { ...(await readPage(browser, url)), port, url };
}

test.concurrent('follows changes without a reload of the page, and keeps opened and focused parts', async ({ scene }) => {
  const { page, complaints } = await startReading(scene);
  await page.evaluate('window.isTheSame = true');
  const summary = await visible(page.locator('summary', { hasText: 'The served configuration' }));
  await summary.click();
  await summary.focus();

  scene.backend('backend-2', 21, { health: 'starting' });
  await shows(page, 'backend-2');
  await shows(page, /health check has not passed yet/);
  // The new standby replica is a change too.
  await shows(page, '2 changes took');
  scene.engine.world.health('backend-2', 'healthy');
  await shows(page, '3 changes took');
  await shows(page, `server ${scene.address(21)}:8000`, 'main details[open] pre');
  addService(scene, 'files', 30);
  await shows(page, '/files/');
  scene.engine.world.remove('backend-2');
  await gone(page.locator('#meets .card', { hasText: 'backend-2' }));
  await shows(page, `- meet/backend ${scene.address(21)}:8000`, '#changes');
  await (await visible(page.locator('#changes summary').first())).press('Enter');
  await shows(page, /^-.*server/m, '#changes details[open] pre');

  let title = '';
  await waitUntil(
    'the title shows that all routes are live',
    async () => (title = await page.title()) === 'all routes are live - meet-gen',
    undefined,
    () => title,
  );
  expect(await page.evaluate('window.isTheSame')).toBe(true);
  expect(complaints).toEqual([]);
});

test.concurrent('keeps opened parts open and focused while other parts change', async ({ scene }) => {
  const { page } = await startReading(scene);
  const summary = await visible(page.locator('summary', { hasText: 'The served configuration' }));
  await summary.press('Enter');
  await page.evaluate(`document.querySelector('summary').kept = true`);
  addService(scene, 'files', 30);
  await shows(page, 'location = /files', 'main details[open] pre');
  expect(await page.evaluate(`document.activeElement.kept === true`)).toBe(true);
});

test.concurrent('shows that meet-gen does not answer, and follows again when it does', async ({ scene }) => {
  const { page, port } = await startReading(scene);
  await shows(page, /^live$/, '#link');
  await scene.stopAll();
  await shows(page, /^meet-gen does not answer; this is how it was at \d\d:\d\d:\d\d UTC$/, '#link');
  await shows(page, 'backend');
  scene.backend('backend-2', 21, { health: 'healthy' });
  scene.run(['--listen', `127.0.0.1:${port}`]);
  await shows(page, 'backend-2');
  await shows(page, /^live$/, '#link');
});

test.concurrent('asks for no update while it is hidden, and updates when it is shown again', async ({ scene }) => {
  const { page } = await startReading(scene);
  await shows(page, /^live$/, '#link');
  const setHidden = (isHidden: boolean): Promise<void> =>
    page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${String(isHidden)} });
      document.dispatchEvent(new Event('visibilitychange'))`);
  await setHidden(true);
  const asked: string[] = [];
  page.on('request', (made) => asked.push(new URL(made.url()).pathname));
  addService(scene, 'files', 30);
  await scene.serves('/files');
  expect(asked).toEqual([]);
  await setHidden(false);
  await shows(page, '/files/');
  expect(asked).toContain('/live');
});

test.concurrent('shows everything without scripts, and reloads automatically', async ({ scene }) => {
  const { url, page: first } = await startReading(scene);
  await first.context().close();
  const { page } = await readPage(browser, url, { javaScript: false });
  await shows(page, 'backend');
  scene.backend('backend-2', 21, { health: 'healthy' });
  await shows(page, 'backend-2');
});

test.concurrent('is usable by keyboard', async ({ scene }) => {
  const { page } = await startReading(scene);
  addService(scene, 'files', 30);
  await shows(page, '+ meet/files');
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the routes');
  expect((await page.locator('.skip').boundingBox())?.x).toBeGreaterThanOrEqual(0);
  await page.keyboard.press('Enter');
  expect(await page.evaluate('document.activeElement.id')).toBe('meets');
  const reached: string[] = [];
  for (let presses = 0; presses < 20 && !reached.includes('metrics'); presses += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate('document.activeElement.localName')) === 'summary') await page.keyboard.press('Space');
    reached.push(await page.evaluate<string>('document.activeElement.getAttribute("href") ?? document.activeElement.localName'));
  }
  expect(reached).toEqual(['summary', 'pre', 'summary', 'pre', 'status', 'metrics']);
});

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'><svg onload=alert(1)>",
  '</pre></main><h1>fooled</h1>',
  '&lt;b&gt;',
  '<%= it %> ${1} {{1}}',
  'javascript:alert(1)',
  '\u202Egpj.exe\u001b[31m\n<b>',
];

test.concurrent('shows untrusted text as text', async ({ scene }) => {
  const port = await freePort();
  await scene.frontend('frontend');
  scene.backend('backend', 20, { health: 'healthy' });
  hostile.forEach((text, index) => {
    scene.engine.world.add({
      name: `${text}-${index}`,
      labels: {
        ...composeLabels('meet', text, { 'meet.role': 'service', 'meet.paths': `/ok${index},${text}`, 'meet.port': '3000' }),
        [`meet.${text}`]: text,
        'meet.network': text,
        'com.docker.compose.project': 'meet',
      },
      networks: { [network]: scene.address(40 + index), [text]: `10.1.2.${index + 1}` },
      prefixLength: 24,
      image: text,
      health: 'healthy',
    });
  });
  scene.run(['--listen', `127.0.0.1:${port}`]);
  await scene.converged();
  const url = `http://127.0.0.1:${port}/`;
  const { page, complaints } = await readPage(browser, url);
  await shows(page, /^live$/, '#link');
  await shows(page, '<script>alert(1)</script>');
  await shows(page, '"><img src=x onerror=alert(1)>');

  const elements = await page.evaluate<string[]>(
    `[...new Set([...document.querySelectorAll('*')].map(({ localName }) => localName))].sort()`,
  );
  expect(elements.filter((name) => !ownElements.has(name))).toEqual([]);
  const attributes = await page.evaluate<string[]>(
    `[...new Set([...document.querySelectorAll('*')].flatMap((element) => [...element.attributes].map(({ name }) => name)))]`,
  );
  expect(attributes.filter((name) => name.startsWith('on') || name === 'style')).toEqual([]);
  expect(
    await page.evaluate(
      `[...document.querySelectorAll('[id]')].length === new Set([...document.querySelectorAll('[id]')].map(({ id }) => id)).size`,
    ),
  ).toBe(true);
  expect(await page.evaluate(`[...document.querySelectorAll('a')].map((link) => link.getAttribute('href'))`)).toEqual([
    '#meets',
    'status',
    'metrics',
  ]);
  const text = await page.locator('body').innerText();
  expect(['\u202E', '\u001b'].filter((letter) => text.includes(letter))).toEqual([]);
  expect(complaints).toEqual([]);
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.setViewportSize({ width: 320, height: 800 });
  expect(await layoutFaults(page)).toEqual([]);
});

const templates = new URL('../../templates/page/', import.meta.url);
/** The elements in the templates. */
const ownElements = new Set(
  readdirSync(templates)
    .filter((name) => name.endsWith('.eta'))
    .flatMap((name) =>
      [...readFileSync(new URL(name, templates), 'utf8').matchAll(/<([a-z][a-z0-9]*)/g)].map(([, element]) => element ?? ''),
    ),
);

test.concurrent('shows and follows 500 containers', async ({ scene }) => {
  const port = await freePort();
  await scene.frontend('frontend');
  for (let number = 1; number <= 500; number += 1) {
    const networks = { [network]: `10.9.${Math.floor(number / 250)}.${(number % 250) + 1}` };
    scene.backend(`meet-backend-${number}`, 20, { networks, health: number % 100 === 0 ? 'unhealthy' : 'healthy' });
  }
  scene.run(['--listen', `127.0.0.1:${port}`]);
  await scene.converged();
  const { page, complaints } = await readPage(browser, `http://127.0.0.1:${port}/`);
  await shows(page, '495 in rotation');
  expect(await page.locator('.upstream .card').count()).toBe(500);
  // The cards of replicas outside the rotation are open, since readers look for them.
  expect(await page.locator('.upstream .card:visible').count()).toBe(5);
  await (await visible(page.locator('summary', { hasText: '495 in rotation' }))).click();
  scene.engine.world.remove('meet-backend-7');
  await shows(page, '494 in rotation');
  let shown = 0;
  await waitUntil(
    '499 containers are shown',
    async () => (shown = await page.locator('.upstream .card:visible').count()) === 499,
    undefined,
    () => `${shown} are shown`,
  );
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(complaints).toEqual([]);
});

test.concurrent('can not be changed, framed or cached, or read by another site', async ({ scene }) => {
  const { page, port, url } = await startReading(scene);
  expect(await page.locator('form, button, input, select, textarea, [contenteditable]').count()).toBe(0);
  for (const path of ['/', '/live', '/page.js', '/drain?container=backend', '/drain/cancel?container=backend'])
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      expect(await askPort(port, path, { method })).toMatchObject({ status: 405 });
  for (const path of ['/', '/live', '/page.css', '/page.js', '/icon.svg'])
    expect(await askPort(port, path, { host: 'evil.example' })).toMatchObject({ status: 421 });
  for (const path of ['/page.eta', '/../package.json', '/%2e%2e/package.json', '/page/page.css', '/constructor', '/__proto__'])
    expect(await askPort(port, path)).toMatchObject({ status: 404 });
  const { headers } = await fetch(url);
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
});

/** Attempts of injected markup, by the directive of the policy that forbids them. */
const forbidden = [
  ['script-src', `document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.hasRun = true' }))`],
  ['script-src', `document.body.append(Object.assign(document.createElement('script'), { src: 'https://192.0.2.1/x.js' }))`],
  [
    'script-src',
    `document.body.insertAdjacentHTML('beforeend', '<b id="handler" onclick="window.hasRun = true"></b>'); document.getElementById('handler').click()`,
  ],
  ['style-src', `document.body.insertAdjacentHTML('beforeend', '<p style="color: red">')`],
  ['style-src', `document.body.append(Object.assign(document.createElement('style'), { textContent: 'body { color: red }' }))`],
  ['img-src', `new Image().src = 'https://192.0.2.1/x'`],
  ['connect-src', `fetch('https://192.0.2.1/x').catch(() => undefined)`],
  ['frame-src', `document.body.insertAdjacentHTML('beforeend', '<iframe src="https://192.0.2.1/x"></iframe>')`],
  ['base-uri', `document.head.append(Object.assign(document.createElement('base'), { href: 'https://192.0.2.1/' }))`],
  [
    'form-action',
    `document.body.insertAdjacentHTML('beforeend', '<form id="form" action="https://192.0.2.1/x">'); document.getElementById('form').submit()`,
  ],
] as const;

test.concurrent('the policy stops injected markup from running, loading and sending', async ({ scene }) => {
  const { page, url } = await startReading(scene);
  await page.evaluate(`{
    window.reports = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
      window.reports.push(effectiveDirective + ' ' + blockedURI));
  }`);
  for (const [directive, attempt] of forbidden) {
    let reports: readonly string[] = [];
    await page.evaluate(`{ window.reports = []; ${attempt} }`);
    // The browser decides how many reports it sends, and whether they name the directive for elements or for
    // attributes.
    await waitUntil(
      `${directive} blocks: ${attempt}`,
      async () => (reports = await page.evaluate('window.reports')).some((report) => report.startsWith(directive)),
      30_000,
      () => `reported: ${JSON.stringify(reports)}`,
    );
  }
  expect(await page.evaluate('window.hasRun')).toBeUndefined();
  expect(await page.evaluate(`[...document.querySelectorAll('body, p')].map((part) => getComputedStyle(part).color)`)).not.toContain(
    'rgb(255, 0, 0)',
  );
  expect([page.url(), await page.evaluate('document.baseURI')]).toEqual([url, url]);
});

test.concurrent('answers listed host names only', async ({ scene }) => {
  const port = await freePort();
  const run = scene.run(['--listen', `127.0.0.1:${port}`, '--allow-host', 'meet-gen,status.example.com']);
  await run.waitForLog('engineConnected');
  for (const host of ['meet-gen', `meet-gen:${port}`, 'STATUS.example.com'])
    expect(await askPort(port, '/', { host })).toMatchObject({ status: 200 });
  for (const host of ['meet-gen.example.com', 'example.com', 'x-meet-gen'])
    expect(await askPort(port, '/', { host })).toMatchObject({ status: 421, body: expect.stringContaining('--allow-host') as string });
});

test.concurrent('the page and its data hold no secret', async ({ scene }) => {
  const secret = 'hunter2-hunter2';
  await scene.frontend('frontend');
  scene.backend('backend', 20, {
    labels: composeLabels('meet', 'backend', { 'meet.role': 'backend', 'com.example.token': secret, VIRTUAL_PASSWORD: secret }),
  });
  const port = await freePort();
  scene.run(['--listen', `127.0.0.1:${port}`], { env: { DB_PASSWORD: secret } });
  await scene.converged();
  for (const path of ['/', '/status', '/metrics', '/healthz', '/readyz']) {
    const { status, body } = await askPort(port, path);
    expect({ path, status, hasSecret: body.includes(secret) }).toEqual({ path, status: 200, hasSecret: false });
  }
});

test.concurrent('the page is on the unix socket too', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.converged();
  const { status, body } = await askSocket(scene.statusSocket, '/');
  expect(status).toBe(200);
  expect(body).toContain('<h1 class="headline good"><span class="capital">all routes are live</span></h1>');
});

test.concurrent('shows a missing engine and missing containers, with the fix', async ({ scene }) => {
  await scene.engine.goAway();
  const port = await freePort();
  scene.run(['--listen', `127.0.0.1:${port}`]);
  await waitForStatus(scene, 'not connected', ({ engine }) => engine.error !== undefined);
  const { page } = await readPage(browser, `http://127.0.0.1:${port}/`);
  await shows(page, "the engine can't be reached");
  await scene.engine.comeBack();
  await shows(page, 'No container has the label meet.role.');
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.setViewportSize({ width: 320, height: 800 });
  expect(await layoutFaults(page)).toEqual([]);
});

test.concurrent('sends changes to at most 32 pages, and refuses further streams', async ({ scene }) => {
  const { page, port } = await startReading(scene);
  await shows(page, /^live$/, '#link');
  const open = await Promise.all(Array.from({ length: 40 }, () => openStream(port)));
  const countOf = (wanted: number): number => open.filter(({ status }) => status === wanted).length;
  // The page's own stream is one of 32.
  expect([countOf(200), countOf(503)]).toEqual([31, 9]);
  addService(scene, 'files', 30);
  await shows(page, '/files/');
  for (const { close } of open) close();
  let last = 0;
  await waitUntil(
    'a new stream is accepted again',
    async () => {
      const { status, close } = await openStream(port);
      close();
      last = status;
      return status === 200;
    },
    undefined,
    () => `the last answer was ${last}`,
  );
});

function openStream(port: number): Promise<{ readonly status: number; close(): void }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/live', agent: false }, (response) => {
      response.on('error', () => undefined);
      response.resume();
      resolve({ status: response.statusCode ?? 0, close: () => asked.destroy() });
    });
    asked.on('error', reject);
    asked.end();
  });
}
