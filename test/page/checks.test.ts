import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openBrowser } from '../providers/browser/open-browser.ts';
import { accessibilityViolations } from './accessibility.ts';
import { layoutFaults, spreadLetters } from './layout.ts';
import { gone, shows, visible } from './seen.ts';

// The checks of this folder find each fault of a page, and report no false fault. Every page here has one fault at
// most.

let browser: Browser;
let page: Page;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 320, height: 400 } });
});
afterEach(() => page.close());

const card = 'width: 100px; height: 60px; background: silver';

/** Opens a page with only this body, and without another fault. */
async function open(body: string, style = ''): Promise<void> {
  await page.setContent(`<!doctype html><html lang="en"><title>a page</title><style>${style}</style><main><h1>words</h1>${body}</main>`);
}

describe('layout', () => {
  test.each([
    ['a text wider than the window', '<p style="white-space: nowrap">a text that is much too long for a window as narrow as that</p>'],
    ['a box wider than the window', '<div style="width: 400px; height: 9px"></div>'],
    ['a box out of the window at its left', '<div style="position: absolute; left: -50px; width: 40px; height: 9px"></div>'],
  ])('%s reaches out of the window', async (_, body) => {
    await open(body);
    expect(await layoutFaults(page)).toContainEqual(expect.stringMatching(/^reaches out of the window/));
  });

  test('a text reaches out of its box', async () => {
    await open(`<div style="${card}; width: 30px; margin-bottom: 99px">unbreakable</div>`);
    expect(await layoutFaults(page)).toEqual([expect.stringMatching(/^reaches out of its box: "unbreakable"/)]);
  });

  test.each([
    ['at the right', 'overflow: hidden; text-overflow: ellipsis; white-space: nowrap'],
    ['at the bottom', 'overflow: hidden; height: 30px'],
    ['by its parent', 'overflow: clip; height: 30px'],
  ])('a text is cut off %s', async (where, style) => {
    const text = '<p>a text that is too long for its box</p>';
    await open(`<div style="${card}; ${style}">${where === 'by its parent' ? `<div>${text}</div>` : text}</div>`);
    expect(await layoutFaults(page)).toContainEqual(expect.stringMatching(/^is cut off: "a text that is too long/));
  });

  test('boxes overlap', async () => {
    await open(`<div style="${card}"></div><div style="${card}; margin-top: -20px"></div>`);
    expect(await layoutFaults(page)).toContainEqual(expect.stringMatching(/^boxes overlap: <div>/));
  });

  test('letters overlap', async () => {
    await open('<p><span>first</span><span style="margin-left: -1em">second</span></p>');
    expect(await layoutFaults(page)).toEqual(['letters overlap: "first" and "second"']);
  });

  test.each([
    ['a column', 'display: flex; flex-direction: column-reverse'],
    ['a row', 'display: flex; flex-direction: row-reverse'],
    ['a grid', 'display: grid; grid-auto-flow: dense; direction: rtl; grid-template-columns: 1fr 1fr'],
  ])('%s is shown in another order than the text', async (_, style) => {
    await open(`<div style="${style}"><p>first</p><p>second</p></div>`);
    expect(await layoutFaults(page)).toEqual(['is shown before its predecessor: <p> "second" follows <p> "first"']);
  });

  test.each([
    ['not displayed', 'display: none'],
    ['invisible', 'visibility: hidden'],
    ['transparent', 'opacity: 0'],
    ['of no size', 'font-size: 0'],
  ])("a text that is %s can't be seen", async (_, style) => {
    await open(`<p style="${style}">hidden words</p>`);
    expect(await layoutFaults(page)).toEqual([`can't be seen: "hidden words" in <p> "hidden words"`]);
  });

  test("a picture of no height can't be seen", async () => {
    await open('<svg role="img" aria-label="a chart" width="100" height="0"></svg>');
    expect(await layoutFaults(page)).toEqual([`can't be seen: <svg> ""`]);
  });

  test('wide letters reach out of a box with a fixed width', async () => {
    await open('<div style="width: 99px; white-space: nowrap">a few words</div>');
    await page.evaluate(`{
      const box = document.querySelector('div');
      const range = document.createRange();
      range.selectNodeContents(box);
      box.style.width = range.getBoundingClientRect().width + 'px';
    }`);
    expect(await layoutFaults(page)).toEqual([]);
    await spreadLetters(page);
    expect(await layoutFaults(page)).toEqual([expect.stringMatching(/^reaches out of its box/)]);
  });

  test('a page with scrolled, closed and unfocused parts has no fault', async () => {
    await open(
      `<a class="skip" href="#x">skip</a>
      <pre style="overflow: auto">a line of a configuration that is much too long for a window as narrow as that</pre>
      <details><summary>more</summary><p style="width: 900px">closed</p></details>
      <ul style="display: grid; grid-template-columns: 1fr 1fr"><li>one</li><li>two</li><li>three</li></ul>
      <p>a text with <code>code</code> that is <b>long</b> enough to be broken into <i>several</i> lines</p>
      <svg role="img" aria-label="a chart" width="100" height="40"><rect width="900" height="90"></rect></svg>`,
      '.skip { position: absolute; left: -100rem }',
    );
    expect(await layoutFaults(page)).toEqual([]);
  });
});

describe('accessibility', () => {
  test.each([
    ['a picture without words', '<img src="data:," width="9" height="9">', 'image-alt'],
    ['a chart without words', '<svg role="img" width="9" height="9"></svg>', 'svg-img-alt'],
    ['pale letters', '<p style="color: #ccc; background: #fff">pale</p>', 'color-contrast'],
    ['a fault in a closed part', '<details><summary>more</summary><img src="data:," width="9" height="9"></details>', 'image-alt'],
  ])('finds %s in light and dark', async (_, body, rule) => {
    await open(body);
    const found = await accessibilityViolations(page);
    expect(found.map((line) => line.split(': ').slice(0, 2))).toEqual([
      ['light', rule],
      ['dark', rule],
    ]);
  });

  test('finds letters that are pale only in dark', async () => {
    await open('<p>words</p>', '@media (prefers-color-scheme: dark) { p { color: #333; background: #000 } }');
    expect(await accessibilityViolations(page)).toEqual([expect.stringMatching(/^dark: color-contrast/)]);
  });

  test('a page without a fault has no violation', async () => {
    await open('<p>words</p>');
    expect(await accessibilityViolations(page)).toEqual([]);
  });
});

describe('a wait that times out', () => {
  test.each([
    ['for a text', () => shows(page, 'other words', 'main', 100)],
    ['for an element', () => visible(page.locator('h2'), 100)],
    ['for an element to go', () => gone(page.locator('h1'), 100)],
  ])('%s reports the text of the page', async (_, wait) => {
    await open('');
    await expect(wait()).rejects.toThrow(/is not (?:visible|detached): .*\nThe page .* shows:\nwords/);
  });
});
