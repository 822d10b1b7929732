import axe from 'axe-core';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/**
 * Runs axe-core on the current page, in light and in dark, with every <details> open. Leaves the page dark and open.
 * @returns a line for each violation
 */
export async function accessibilityViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(`for (const part of document.querySelectorAll('details')) part.open = true`);
  // By the debugger, since the page's policy forbids scripts from elsewhere.
  await page.evaluate(axe.source);
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations, passes } = await page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations", "passes"] })');
    if (![...passes, ...violations].some(({ id }) => id === 'color-contrast')) found.push(`${colorScheme}: axe-core checked no contrast`);
    found.push(...violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${colorScheme}: ${id}: ${help}: ${html}`)));
  }
  return found;
}
