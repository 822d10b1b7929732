/** The two files in a diff without line numbers. */
export interface BeforeAndAfter {
  readonly before: string;
  readonly after: string;
}

/** @throws Error at a line without a sign of a diff, and at a diff without changes */
export function readDiff(text: string): BeforeAndAfter {
  const lines = text.split('\n');
  const odd = lines.find((line) => line !== '' && !/^[-+ ]/.test(line));
  if (odd !== undefined) throw new Error(`a line of a diff begins with a blank, + or -: ${odd}`);
  if (!lines.some((line) => /^[-+]/.test(line))) throw new Error('the diff changes no line');
  const without = (sign: string): string =>
    lines
      .filter((line) => !line.startsWith(sign))
      .map((line) => line.slice(1))
      .join('\n');
  return { before: without('+'), after: without('-') };
}
