import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accessibilityViolations } from '../../page/accessibility.ts';
import { readPage } from '../../page/reader.ts';
import { visible } from '../../page/seen.ts';
import { openBrowser } from '../../providers/browser/open-browser.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';

// The status page of the image, on a real engine, in a real browser: what happens is seen on it without loading it again.

let meet: MeetStack;
let browser: Browser;
let page: Page;
let complaints: readonly string[];

beforeAll(async () => {
  const engine = providedEngine();
  meet = await startMeet(engine, 'page', {
    environment: { MEET_GEN_LISTEN: '0.0.0.0:9180' },
    services: { 'meet-gen': { ports: [`${engine.publishAddress}::9180`] } },
  });
  await meet.converged();
  const port = /:(\d+)$/m.exec(await meet.docker('port', meet.container('meet-gen-1'), '9180/tcp'))?.[1] ?? '';
  browser = await openBrowser();
  ({ page, complaints } = await readPage(browser, `http://${engine.publishAddress}:${port}/`));
  await page.evaluate('window.isTheSame = true');
});
afterAll(async () => {
  await Promise.all([browser?.close(), meet?.down()]);
});
stopAtFirstFailure();

/** The card of a container in the picture. */
function card(name: string): ReturnType<Page['locator']> {
  return page.locator('#meets .card', { hasText: meet.container(name) });
}

test('the layers are there, with what the engine gave them', async () => {
  await visible(page.getByRole('heading', { level: 1, name: 'all routes are live' }));
  await visible(card('frontend-1').filter({ hasText: 'serves what is published (live), nginx 1.30' }));
  const address = await meet.address('backend-1', meet.internalNetwork);
  await visible(
    card('backend-1')
      .filter({ hasText: 'in rotation' })
      .filter({ hasText: `${address}:8000 on ${meet.internalNetwork}` }),
  );
});

test('a replica that is started appears, and one that is stopped goes out, told with why and how long it took', async () => {
  await meet.scale({ backend: 2 });
  await visible(card('backend-2').filter({ hasText: 'in rotation' }));
  const address = await meet.address('backend-2', meet.internalNetwork);
  const change = page.locator('#changes > ol > li').filter({ hasText: `+ ${meet.project}/backend ${address}:8000` });
  await visible(change.filter({ hasText: `because of ${meet.container('backend-2')}: start` }).filter({ hasText: /served after \d+ ms/ }));
  await (await visible(change.locator('summary'))).click();
  await visible(change.locator('pre').filter({ hasText: new RegExp(`^\\+.*server ${address}:8000`, 'm') }));

  await meet.docker('stop', '--time', '5', meet.container('backend-2'));
  await visible(card('backend-2').filter({ hasText: 'out' }).filter({ hasText: 'exited' }));
  // What was opened is open still.
  expect(await change.locator('details').getAttribute('open')).not.toBeNull();
});

test('that nobody is left, and a frontend that is down, are seen at once', async () => {
  await meet.docker('stop', '--time', '5', meet.container('backend-1'));
  await visible(
    page.getByRole('heading', { level: 1, name: `nobody is in rotation for ${meet.project}/backend, so 503 is answered there` }),
  );
  await meet.docker('start', meet.container('backend-1'));
  await visible(page.getByRole('heading', { level: 1, name: 'all routes are live' }));
  await meet.docker('stop', '--time', '5', meet.container('frontend-1'));
  await visible(card('frontend-1').filter({ hasText: 'serves nothing' }));
});

test('it was the same page all the time, and nobody is shut out of it', async () => {
  expect(await page.evaluate('window.isTheSame')).toBe(true);
  expect(complaints).toEqual([]);
  expect(await accessibilityViolations(page)).toEqual([]);
});
