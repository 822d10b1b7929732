import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

const inBrowser = readFileSync(new URL('layout-faults.js', import.meta.url), 'utf8');

/** The link that skips to the routes is outside of the window until it has the focus. */
const hiddenOnPurpose = '.skip:not(:focus)';

/**
 * Checks the layout of the current page. No part reaches out of the window or is cut off, and no boxes or letters
 * overlap. Every text is visible, and the order on the screen is the order of the text.
 * @returns a line for each fault
 */
export async function layoutFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(inBrowser);
  return page.evaluate<readonly string[]>(`layoutFaults(${JSON.stringify(hiddenOnPurpose)})`);
}

/** Widens all letters, as a wider font would, by the distances of WCAG 1.4.12. */
export async function spreadLetters(page: Page): Promise<void> {
  // A constructed sheet, since the page's policy forbids all others.
  await page.evaluate(`{
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('* { letter-spacing: 0.12em !important; word-spacing: 0.16em !important; line-height: 1.5 !important }');
    document.adoptedStyleSheets = [sheet];
  }`);
}
