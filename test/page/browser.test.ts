import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from '../providers/browser/open-browser.ts';

// What tests of pages rely on: the browser loads, runs scripts and draws letters.

const families = ['sans-serif', 'serif', 'monospace', 'system-ui'] as const;
const html = `<!doctype html><title>a page</title><body style="background: white; color: black; font-size: 40px">
${families.map((family) => `<p style="font-family: ${family}"><span id="${family}-i">iiii</span> <span id="${family}-w">WWWW</span></p>`).join('\n')}
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

/** How many pixels of a screenshot are dark: the page is black on white. */
async function darkPixels(id: string): Promise<number> {
  const image = await page.locator(`#${id}`).screenshot();
  return page.evaluate<number>(`(async () => {
    const image = new Image();
    image.src = 'data:image/png;base64,${image.toString('base64')}';
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
    canvas.drawImage(image, 0, 0);
    const { data } = canvas.getImageData(0, 0, image.width, image.height);
    return data.filter((value, index) => index % 4 === 0 && value < 128).length;
  })()`);
}

test('it loads a page and runs its script', async () => {
  expect(await page.title()).toBe('a page');
  expect(await page.locator('#script').textContent()).toBe(address);
});

test.each(families)('it has letters of %s, and draws them', async (family) => {
  const [narrow, wide] = await Promise.all(
    ['i', 'w'].map(async (letter) => (await page.locator(`#${family}-${letter}`).boundingBox())?.width ?? 0),
  );
  expect(narrow).toBeGreaterThan(0);
  if (family === 'monospace') expect(wide).toBe(narrow);
  else expect(wide).toBeGreaterThan(2 * (narrow ?? 0));
  const [fewer, more] = [await darkPixels(`${family}-i`), await darkPixels(`${family}-w`)];
  expect(fewer).toBeGreaterThan(100);
  expect(more).toBeGreaterThan(1.2 * fewer);
});
