import type { Locator, Page } from 'playwright-core';

/** Ends a wait before the test's own timeout, which would not print the text of the page. */
const defaultLimitMs = 30_000;

/**
 * Waits until exactly one such element is visible, and returns it.
 * @throws Error with the text of the page
 */
export async function visible(wanted: Locator, limitMs = defaultLimitMs): Promise<Locator> {
  await waitFor(wanted, 'visible', limitMs);
  return wanted;
}

/**
 * Waits until no such element is in the page.
 * @throws Error with the text of the page
 */
export async function gone(unwanted: Locator, limitMs = defaultLimitMs): Promise<void> {
  await waitFor(unwanted, 'detached', limitMs);
}

/**
 * Waits until a part of the page has this text.
 * @throws Error with the text of the page
 */
export async function shows(page: Page, text: string | RegExp, where = 'main', limitMs = defaultLimitMs): Promise<void> {
  await waitFor(page.locator(where).filter({ hasText: text }), 'visible', limitMs);
}

async function waitFor(locator: Locator, state: 'visible' | 'detached', limitMs: number): Promise<void> {
  try {
    await locator.waitFor({ state, timeout: limitMs });
  } catch (cause) {
    const [reason] = String(cause).split('\n');
    const page = locator.page();
    throw new Error(`${String(locator)} is not ${state}: ${reason}\nThe page ${page.url()} shows:\n${await seenText(page)}`, { cause });
  }
}

async function seenText(page: Page): Promise<string> {
  return page
    .locator('body')
    .innerText({ timeout: 5000 })
    .catch((error: unknown) => `(the text can't be read: ${String(error)})`);
}
