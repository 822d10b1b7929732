import type { Browser, Page } from 'playwright-core';

interface ReaderOptions {
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
  readonly javaScript?: boolean;
  /** Allows styles and fonts that the page's policy forbids. */
  readonly bypassCSP?: boolean;
}

/** An open page, and the browser's complaints: errors, warnings, violations of the page's policy. */
export interface Reader {
  readonly page: Page;
  readonly complaints: readonly string[];
}

/** Opens meet-gen's status page. */
export async function readPage(browser: Browser, url: string, options: ReaderOptions = {}): Promise<Reader> {
  const page = await newPage(browser, options);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
  await page.goto(url);
  return { page, complaints };
}

/** Opens the page without updates, and replaces the parts that differ between runs: times, addresses, generations. */
export async function readStill(browser: Browser, url: string, options: ReaderOptions = {}): Promise<Page> {
  const page = await newPage(browser, options);
  await page.route('**/page.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
  await page.goto(url);
  await page.evaluate(replaceVaryingParts);
  return page;
}

async function newPage(
  browser: Browser,
  { width = 1280, scheme = 'light', javaScript = true, bypassCSP = false }: ReaderOptions,
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: scheme,
    javaScriptEnabled: javaScript,
    bypassCSP,
    timezoneId: 'UTC',
  });
  return context.newPage();
}

/** Runs in the browser. */
const replaceVaryingParts = `(() => {
  const steady = (text) => text
    .replace(/\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC/g, '2026-01-31 12:00:00 UTC')
    .replace(/\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z/g, '2026-01-31T12:00:00.000Z')
    .replace(/127\\.\\d+\\.\\d+\\.(\\d+)/g, '172.18.0.$1')
    .replace(/\\b[0-9a-f]{16}\\b/g, '0123456789abcdef')
    .replace(/\\b\\d+ ms/g, '50 ms')
    // The message depends on the call that fails first.
    .replace(/Docker engine: (?!connected).*, since $/m, 'Docker engine: away, since ')
    .replace(/\\/tmp\\/mg-[^/]+\\/(?:out\\/)?/g, '/');
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) node.nodeValue = steady(node.nodeValue);
    else for (const { name, value } of node.attributes) if (name !== 'd') node.setAttribute(name, steady(value));
  }
  for (const card of document.querySelectorAll('.problem'))
    if (card.querySelector('.code').textContent === 'engine-unreachable') card.querySelector('p:nth-of-type(2)').textContent = 'the engine is away';
  [...document.querySelectorAll('rect')].forEach((bar, index) => {
    const height = 12 + ((index * 17) % 29);
    bar.setAttribute('y', 40 - height);
    bar.setAttribute('height', height);
  });
})()`;
