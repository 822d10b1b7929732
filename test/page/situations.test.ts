import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe } from 'vitest';
import { freePort, test } from '../integration/scene.ts';
import { situations } from '../integration/situations.ts';
import type { SituationName } from '../integration/situations.ts';
import { openBrowser } from '../providers/browser/open-browser.ts';
import { waitUntil } from '../support/wait-until.ts';
import { accessibilityViolations } from './accessibility.ts';
import { comparePicture } from './picture.ts';
import { readPage, readStill } from './reader.ts';

// What the page says of each situation that somebody asks about: in words (as a screen reader tells them), and in a picture.

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
  'nobody left': 'nobody is in rotation for meet/backend, so 503 is answered there',
  'label typo': 'all routes are live, and there is a problem',
  'contested route': 'all routes are live, and there is a problem',
  'nginx refused': 'not all that labels ask for is live, and there are 2 problems',
  'engine gone': "the engine can't be reached, so changes are not seen; what was published last goes on being served",
  'frontend not verified': 'not all that labels ask for is live, and there is a problem',
};

const widths = [320, 800, 1280] as const;

describe.for(situations)('$name', ({ name, arrange }) => {
  test.concurrent('is told in words and in a picture, to everybody', async ({ scene, expect }) => {
    const port = await freePort();
    await arrange(scene, ['--listen', `127.0.0.1:${port}`]);
    const url = `http://127.0.0.1:${port}/`;
    await waitUntil(`the headline is "${headlines[name]}"`, async () =>
      (await fetch(url).then((answer) => answer.text())).includes(`>${escaped(headlines[name])}</span>`),
    );

    const still = await readStill(browser, url);
    // How many changes it took to get here may differ.
    await still.evaluate(`document.getElementById('changes').remove()`);
    await expect(await still.locator('main').ariaSnapshot()).toMatchFileSnapshot(fileOf(name, 'words.txt'));
    expect(comparePicture(fileOf(name, 'png'), await still.screenshot({ fullPage: true }))).toBeUndefined();

    for (const scheme of ['light', 'dark'] as const) {
      const { page, complaints } = await readPage(browser, url, { scheme });
      await page.locator('#link', { hasText: /^live$/ }).waitFor();
      expect(await accessibilityViolations(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await page.context().close();
    }
    for (const width of widths) {
      await still.setViewportSize({ width, height: 800 });
      expect(await widerThanItsWindow(still), `at ${width} pixels`).toEqual([]);
    }
    await still.context().close();
  });
});

function fileOf(name: string, ending: string): string {
  return fileURLToPath(new URL(`situations/${name.replaceAll(' ', '-')}.${ending}`, import.meta.url));
}

function escaped(text: string): string {
  return text.replaceAll("'", '&#39;');
}

/** What reaches out of the window at its right; what can be scrolled by itself doesn't. */
function widerThanItsWindow(page: Page): Promise<readonly string[]> {
  return page.evaluate<readonly string[]>(`[...document.querySelectorAll('main *:not(pre *)')]
    .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map((element) => element.outerHTML.slice(0, 200))`);
}
