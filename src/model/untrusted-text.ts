/**
 * Makes untrusted text safe for people to read: in a log line, a terminal, JSON, a comment. Text that programs read
 * goes through the grammars of `nginx/token.ts` instead, which refuse.
 */

const maxShownLength = 120;

/**
 * Makes untrusted text safe to show, in one line. Everything but printable ASCII becomes `\u{…}`: control and escape
 * characters, letters that change the writing direction, have no width or look like others. A long text is cut. The
 * result is for people to read, not to parse. Showing a shown text again changes at most its length.
 */
export function showUntrustedText(text: string, maxLength = maxShownLength): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…(${text.length} characters)` : text;
  return cut.replace(/[^\x20-\x7e…]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

export interface LineLimits {
  readonly maxLines: number;
  readonly maxLineLength: number;
}

/**
 * Makes untrusted text of several lines safe to show. Empty lines are dropped; a last line counts the lines beyond the
 * limit.
 */
export function showUntrustedLines(
  text: string,
  { maxLines, maxLineLength }: LineLimits = { maxLines: 20, maxLineLength: 500 },
): readonly string[] {
  const lines = text.split(/\r\n|[\n\r]/).filter((line) => line.trim() !== '');
  const shown = lines.slice(0, maxLines).map((line) => showUntrustedText(line, maxLineLength));
  const left = lines.length - shown.length;
  return left === 0 ? shown : [...shown, `… and ${left} more lines`];
}

/** Makes every text in a value safe to show, keys and nested values included: for the fields of a log line. */
export function showUntrustedFields(value: unknown, maxLength: number): unknown {
  if (typeof value === 'string') return showUntrustedText(value, maxLength);
  if (Array.isArray(value)) return value.map((item) => showUntrustedFields(item, maxLength));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [showUntrustedText(key, maxLength), showUntrustedFields(item, maxLength)]),
  );
}

/** Orders strings by UTF-16 code units, so the order is the same in every locale. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
