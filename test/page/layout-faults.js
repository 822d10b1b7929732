// Runs in the browser, and returns a line for each fault of the page's layout. Boxes are compared with boxes and
// letters with letters, with a pixel for rounding, so the result depends on no font. Parts in a closed <details> are
// left out.

const slackPx = 1;
/** The height of letters without ascenders and descenders, which may reach into the next line. */
const coreOfEm = 0.6;

const nameOf = (element) => {
  const names = [element.id === '' ? '' : `#${element.id}`, ...[...element.classList].map((name) => `.${name}`)];
  const text = element.textContent.trim().replace(/\s+/g, ' ').slice(0, 60);
  return `<${element.localName}${names.join('')}> "${text}"`;
};
const styleOf = (element) => getComputedStyle(element);
const boxOf = (element) => element.getBoundingClientRect();
const isInline = (element) => styleOf(element).display === 'inline';
const overflowOf = (element) => `${styleOf(element).overflowX} ${styleOf(element).overflowY}`;
const isScroller = (element) => element !== document.body && /auto|scroll/.test(overflowOf(element));
const isCutting = (element) => /hidden|clip/.test(overflowOf(element));
const ancestorsOf = (element) => (element === null ? [] : [element, ...ancestorsOf(element.parentElement)]);
const isInScroller = (element) => ancestorsOf(element.parentElement).some(isScroller);

const isOutOfWindow = ({ left, right, bottom }) =>
  left < -slackPx || right > document.documentElement.clientWidth + slackPx || bottom + scrollY < slackPx;
const overlap = (one, other) =>
  Math.min(one.right, other.right) - Math.max(one.left, other.left) > slackPx &&
  Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > slackPx;
const holds = (outer, inner) =>
  inner.left >= outer.left - slackPx &&
  inner.right <= outer.right + slackPx &&
  inner.top >= outer.top - slackPx &&
  inner.bottom <= outer.bottom + slackPx;
const isShown = (element, boxes) =>
  element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }) &&
  boxes.some(({ width, height }) => width > slackPx && height > slackPx);
const pairsOf = (items) => items.flatMap((one, index) => items.slice(index + 1).map((other) => [one, other]));

function textsOf(isLeftOut) {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (node.nodeValue.trim() === '' || isLeftOut(node.parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    texts.push({
      text: node.nodeValue.trim(),
      element: node.parentElement,
      lines: [...range.getClientRects()].filter(({ width }) => width > 0),
    });
  }
  return texts;
}

function coreOf(line, element) {
  const half = (Number.parseFloat(styleOf(element).fontSize) * coreOfEm) / 2;
  const middle = (line.top + line.bottom) / 2;
  return { left: line.left, right: line.right, top: middle - half, bottom: middle + half };
}

function elementFaults(elements) {
  return elements.flatMap((element) => {
    const isOut = element.getClientRects().length > 0 && !isInScroller(element) && isOutOfWindow(boxOf(element));
    const isUnseen = element.matches('img, svg, canvas, video') && !isShown(element, [boxOf(element)]);
    return [
      ...(isOut ? [`reaches out of the window: ${nameOf(element)}`] : []),
      ...(isUnseen ? [`can't be seen: ${nameOf(element)}`] : []),
    ];
  });
}

function textFaults(texts) {
  const faults = [];
  const seen = [];
  for (const { text, element, lines } of texts) {
    if (!isShown(element, lines)) {
      faults.push(`can't be seen: "${text}" in ${nameOf(element)}`);
      continue;
    }
    // A scroller's content may be larger than its box.
    if (isScroller(element) || isInScroller(element)) continue;
    const cores = lines.map((line) => coreOf(line, element));
    const around = ancestorsOf(element);
    const doesNotHold = (ancestor) => cores.some((core) => !holds(boxOf(ancestor), core));
    const own = around.find((ancestor) => !isInline(ancestor));
    const cutting = around.find((ancestor) => isCutting(ancestor) && doesNotHold(ancestor));
    if (cores.some(isOutOfWindow)) faults.push(`reaches out of the window: "${text}" in ${nameOf(element)}`);
    else if (doesNotHold(own)) faults.push(`reaches out of its box: "${text}" in ${nameOf(own)}`);
    if (cutting !== undefined) faults.push(`is cut off: "${text}" in ${nameOf(cutting)}`);
    seen.push(...cores.map((core) => ({ text, core })));
  }
  const overlapping = pairsOf(seen).filter(([one, other]) => overlap(one.core, other.core));
  return [...faults, ...overlapping.map(([one, other]) => `letters overlap: "${one.text}" and "${other.text}"`)];
}

/** Faults between boxes of one element: each box must be to the right of the box before it, or below it. */
function siblingFaults(siblings) {
  const overlapping = pairsOf(siblings).filter(([one, other]) => overlap(boxOf(one), boxOf(other)));
  const misplaced = siblings.slice(1).flatMap((element, index) => {
    const [box, before] = [boxOf(element), boxOf(siblings[index])];
    const isBelow = box.top >= before.bottom - slackPx;
    const isBeside = box.left >= before.right - slackPx && box.bottom > before.top + slackPx;
    return isBelow || isBeside ? [] : [`is shown before its predecessor: ${nameOf(element)} follows ${nameOf(siblings[index])}`];
  });
  return [...overlapping.map(([one, other]) => `boxes overlap: ${nameOf(one)} and ${nameOf(other)}`), ...misplaced];
}

globalThis.layoutFaults = (hiddenOnPurpose) => {
  const isLeftOut = (element) => element.closest(`${hiddenOnPurpose}, script, style, svg *, details:not([open]) > :not(summary)`) !== null;
  const elements = [...document.body.querySelectorAll('*')].filter((element) => !isLeftOut(element));
  const isBox = (element) => !isLeftOut(element) && !isInline(element) && element.getClientRects().length > 0;
  return [
    ...elementFaults(elements),
    ...textFaults(textsOf(isLeftOut)),
    ...[document.body, ...elements].flatMap((parent) => siblingFaults([...parent.children].filter(isBox))),
  ];
};
