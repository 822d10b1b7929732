import axe from 'axe-core';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** Everything that axe-core finds wrong with the page as it is now, all that can be opened opened: a line for each. */
export async function accessibilityViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(`for (const part of document.querySelectorAll('details')) part.open = true`);
  // By the debugger, since the page's own policy lets no such script in.
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations", "passes"] })');
  if (!passes.some(({ id }) => id === 'color-contrast')) return ['axe-core has looked at nothing'];
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}
