import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

const inBrowser = readFileSync(new URL('layout-faults.js', import.meta.url), 'utf8');

/** The link that skips to the routes is out of the window until it has the focus. */
const hiddenOnPurpose = '.skip:not(:focus)';

/**
 * Finds what is wrong with the layout of the page as it is now, a line for each fault: something reaches out of the window or is cut
 * off, boxes or letters overlap, a text can't be seen, or the order on the screen is not the one in which it is read.
 */
export async function layoutFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(inBrowser);
  return page.evaluate<readonly string[]>(`layoutFaults(${JSON.stringify(hiddenOnPurpose)})`);
}

/** Makes all letters take more room, as a wider font would: the distances of WCAG 1.4.12. */
export async function spreadLetters(page: Page): Promise<void> {
  // A constructed sheet, since the page's own policy lets no other one in.
  await page.evaluate(`{
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('* { letter-spacing: 0.12em !important; word-spacing: 0.16em !important; line-height: 1.5 !important }');
    document.adoptedStyleSheets = [sheet];
  }`);
}
