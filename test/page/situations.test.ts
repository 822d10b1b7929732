import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { freePort, test } from '../integration/scene.ts';
import { situations } from '../integration/situations.ts';
import type { SituationName } from '../integration/situations.ts';
import { openBrowser } from '../providers/browser/open-browser.ts';
import { accessibilityViolations } from './accessibility.ts';
import { layoutFaults, spreadLetters } from './layout.ts';
import { readPage, readStill } from './reader.ts';
import { shows } from './seen.ts';

// The page in each situation of the documentation. Checks the words for a screen reader, the contrast in light and dark,
// and the layout from a phone to a desktop.

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

const headlines: Readonly<Record<SituationName, string>> = {
  'all well': 'all routes are live',
  'backend starting': 'all routes are live',
  'backend unhealthy': 'all routes are live',
  'backend draining': 'all routes are live',
  'no replica left': 'no replica is in rotation for meet/backend, so its routes answer 503',
  'label typo': 'all routes are live, and there is a problem',
  'contested route': 'all routes are live, and there is a problem',
  'nginx refused': 'not everything that labels ask for is live, and there are 2 problems',
  'engine away': "the engine can't be reached, so changes are not seen; the last published file is still served",
  'frontend not verified': 'not everything that labels ask for is live, and there is a problem',
};

const widths = [320, 800, 1280] as const;

test.concurrent.for(situations)('shows the situation: $name', async ({ name, arrange }, { scene, expect }) => {
  const port = await freePort();
  await arrange(scene, ['--listen', `127.0.0.1:${port}`]);
  const url = `http://127.0.0.1:${port}/`;
  const { page, complaints } = await readPage(browser, url);
  await shows(page, /^live$/, '#link');
  await shows(page, new RegExp(`^${headlines[name]}$`), 'h1');

  // The number of changes up to this point may differ.
  const still = await readStill(browser, url);
  await still.evaluate(`document.getElementById('changes').remove()`);
  await expect(await still.locator('main').ariaSnapshot()).toMatchFileSnapshot(wordsOf(name));
  await still.context().close();

  const lightGround = await groundOf(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(await groundOf(page)).not.toBe(lightGround);
  expect(await unsignedTags(page)).toEqual([]);
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 });
    expect(await layoutFaults(page), `at ${width} pixels`).toEqual([]);
  }
  await spreadLetters(page);
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 });
    expect(await layoutFaults(page), `at ${width} pixels, with wide letters`).toEqual([]);
  }
  expect(complaints).toEqual([]);
  await page.context().close();
});

function wordsOf(name: string): string {
  return fileURLToPath(new URL(`situations/${name.replaceAll(' ', '-')}.words.txt`, import.meta.url));
}

function groundOf(page: Page): Promise<string> {
  return page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
}

/** The tags without a sign, which only their colour distinguishes. */
function unsignedTags(page: Page): Promise<readonly string[]> {
  return page.evaluate<readonly string[]>(`(() => {
    const signs = { good: '✓', care: '△', warning: '△', bad: '✕', error: '✕' };
    const isUnsigned = (tag) =>
      Object.entries(signs).some(
        ([mood, sign]) => tag.classList.contains(mood) && !getComputedStyle(tag, '::before').content.includes(sign),
      );
    return [...document.querySelectorAll('.tag')].filter(isUnsigned).map(({ outerHTML }) => outerHTML);
  })()`);
}
