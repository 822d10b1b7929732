/**
 * The one way of everything foreign to people: into a log line, a terminal, JSON, a comment. What programs read goes through
 * the grammars of `nginx-token.ts` instead, which refuse.
 */

const maxShownLength = 120;

/**
 * Makes foreign text safe to show: everything but printable ASCII becomes `\u{…}` (control and escape characters, and letters
 * that turn the direction of writing, have no width or look like others), and a long text is cut. One line comes out. It is
 * for people to read; nothing may be parsed from it. Showing what was shown before changes nothing but its length.
 */
export function showForeignText(text: string, maxLength = maxShownLength): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…(${text.length} characters)` : text;
  return cut.replace(/[^\x20-\x7e…]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

export interface LineLimits {
  readonly maxLines: number;
  readonly maxLineLength: number;
}

/**
 * Makes foreign text of several lines safe to show: each line by itself, without empty ones, and no more of them than that;
 * what was left out is told in a line of its own.
 */
export function showForeignLines(
  text: string,
  { maxLines, maxLineLength }: LineLimits = { maxLines: 20, maxLineLength: 500 },
): readonly string[] {
  const lines = text.split(/\r\n|[\n\r]/).filter((line) => line.trim() !== '');
  const shown = lines.slice(0, maxLines).map((line) => showForeignText(line, maxLineLength));
  const left = lines.length - shown.length;
  return left === 0 ? shown : [...shown, `… and ${left} more lines`];
}

/** Makes every text in a value safe to show, keys included, however deep: for fields of a log line. */
export function showForeignFields(value: unknown, maxLength: number): unknown {
  if (typeof value === 'string') return showForeignText(value, maxLength);
  if (Array.isArray(value)) return value.map((item) => showForeignFields(item, maxLength));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [showForeignText(key, maxLength), showForeignFields(item, maxLength)]),
  );
}

/** Orders strings by UTF-16 code units: the same everywhere, whatever the locale. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
