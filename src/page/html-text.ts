const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * A value as text of an HTML document, also between double quotes of an attribute (WHATWG HTML, 13.1.2.3 and 13.3).
 * @throws Error for any value but a text or a number, so that a missing value isn't printed as "undefined"
 */
export function htmlText(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw new Error(`a page can't show ${typeof value}`);
  return String(value).replaceAll(/[&<>"']/g, (letter) => entities[letter] ?? '');
}
