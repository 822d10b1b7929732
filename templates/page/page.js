// Keeps the page as the server would send it now. The server only says "look again": what is then shown is one whole page, never a
// piece of another one. What the reader has opened, focused or selected stays as it is.

const link = document.getElementById('link');
const retryMs = 3000;
let source;
let isLooking = false;
let isStale = false;
let shownAt = new Date();

function tell(text) {
  if (link.textContent !== text) link.textContent = text;
}

function isAlike(now, next) {
  return now.nodeType === next.nodeType && now.nodeName === next.nodeName && (now.id ?? '') === (next.id ?? '');
}

/** Makes one element look like another one. */
function morph(now, next) {
  if (now.isEqualNode(next)) return;
  if (now.nodeType !== Node.ELEMENT_NODE) {
    now.nodeValue = next.nodeValue;
    return;
  }
  for (const { name, value } of next.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  for (const { name } of Array.from(now.attributes)) if (!next.hasAttribute(name) && name !== 'open') now.removeAttribute(name);
  const byId = new Map([...now.children].flatMap((child) => (child.id === '' ? [] : [[child.id, child]])));
  let at = now.firstChild;
  for (const wanted of next.childNodes) {
    const kept = byId.get(wanted.id) ?? (at !== null && isAlike(at, wanted) ? at : undefined);
    if (kept === undefined) {
      now.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    if (kept === at) at = at.nextSibling;
    else now.insertBefore(kept, at);
    morph(kept, wanted);
  }
  while (at !== null) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

/** One look at a time; what is told meanwhile is looked at afterwards. */
async function look() {
  isStale = true;
  if (isLooking) return;
  isLooking = true;
  try {
    while (isStale) {
      isStale = false;
      const answer = await fetch('.', { cache: 'no-store' });
      if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
      const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
      morph(document.querySelector('main'), next.querySelector('main'));
      document.title = next.title;
      shownAt = new Date();
      tell('live');
    }
  } catch {
    tellLost();
  } finally {
    isLooking = false;
  }
}

function tellLost() {
  tell(`meet-gen does not answer; this is how it was at ${shownAt.toISOString().slice(11, 19)} UTC`);
}

function listen() {
  if (source !== undefined || document.hidden) return;
  source = new EventSource('live');
  source.addEventListener('look', () => void look());
  source.addEventListener('error', () => {
    tellLost();
    // A browser gives up by itself where the answer was an error: too many readers, or something in between.
    if (source?.readyState !== EventSource.CLOSED) return;
    stopListening();
    setTimeout(listen, retryMs);
  });
}

function stopListening() {
  source?.close();
  source = undefined;
}

// A page that nobody sees costs meet-gen nothing.
document.addEventListener('visibilitychange', () => (document.hidden ? stopListening() : listen()));
listen();
