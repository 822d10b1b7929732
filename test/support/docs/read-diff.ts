/** The two files that a diff without line numbers tells of. */
export interface BeforeAndAfter {
  readonly before: string;
  readonly after: string;
}

/** @throws Error at a line that neither stays nor comes nor goes */
export function readDiff(text: string): BeforeAndAfter {
  const lines = text.split('\n');
  const odd = lines.find((line) => line !== '' && !/^[-+ ]/.test(line));
  if (odd !== undefined) throw new Error(`a line of a diff begins with a blank, + or -: ${odd}`);
  if (!lines.some((line) => /^[-+]/.test(line))) throw new Error('nothing changes in it');
  const without = (sign: string): string =>
    lines
      .filter((line) => !line.startsWith(sign))
      .map((line) => line.slice(1))
      .join('\n');
  return { before: without('+'), after: without('-') };
}
