import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from '../providers/browser/open-browser.ts';

// The tests of pages rely on a browser that loads pages, runs scripts and draws letters, with any fonts.

const families = ['sans-serif', 'serif', 'monospace', 'system-ui'] as const;
const letters = ['', 'i', 'W'] as const;
const html = `<!doctype html><title>a page</title><style>b { display: inline-block; width: 60px; height: 60px; font: 40px serif }</style>
${families.map((family) => `<p>${letters.map((letter) => `<b id="${family}-${letter}" style="font-family: ${family}">${letter}</b>`).join('')}</p>`).join('\n')}
<p id="script"></p><script>document.getElementById('script').textContent = location.host</script>`;

const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html));
let browser: Browser;
let page: Page;
let address: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await openBrowser();
  page = await browser.newPage();
  await page.goto(`http://${address}/`);
});

afterAll(async () => {
  await browser.close();
  await new Promise((resolve) => server.close(resolve));
});

test('loads a page and runs its script', async () => {
  expect(await page.title()).toBe('a page');
  expect(await page.locator('#script').textContent()).toBe(address);
});

test.each(families)('draws each letter of %s differently', async (family) => {
  const drawings: string[] = [];
  for (const letter of letters) drawings.push((await page.locator(`[id="${family}-${letter}"]`).screenshot()).toString('base64'));
  expect(new Set(drawings).size).toBe(letters.length);
});
