const maxShownLength = 120;

/**
 * Makes foreign text safe to show in a log line, a terminal or JSON: everything but printable ASCII becomes `\u{…}`,
 * and a long text is cut. It is for people to read; nothing may be parsed from it.
 */
export function showForeignText(text: string, maxLength = maxShownLength): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…(${text.length} characters)` : text;
  return cut.replace(/[^\x20-\x7e…]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Orders strings by UTF-16 code units: the same everywhere, whatever the locale. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
