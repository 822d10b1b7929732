import axe from 'axe-core';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/**
 * Finds everything that axe-core reports about the page as it is now, in light and in dark, with every <details> opened: a line for
 * each. The page stays as it was last looked at: dark, and opened.
 */
export async function accessibilityViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(`for (const part of document.querySelectorAll('details')) part.open = true`);
  // By the debugger, since the page's own policy lets no such script in.
  await page.evaluate(axe.source);
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations, passes } = await page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations", "passes"] })');
    if (![...passes, ...violations].some(({ id }) => id === 'color-contrast')) found.push(`${colorScheme}: axe-core has looked at nothing`);
    found.push(...violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${colorScheme}: ${id}: ${help}: ${html}`)));
  }
  return found;
}
