/** Parts of an output that differ from run to run. */
const incidental: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'],
  [/\b\d+\.\d+\.\d+\.\d+(?=:\d)/g, 'ADDRESS'],
  [/\bgeneration [0-9a-f]{16}\b/g, 'generation'],
  [/\bnginx \d[\d.]*/g, 'nginx'],
  [/, for (?:less than a minute|\d+ (?:min|h|days))/g, ''],
  [/(?<=\S) {2,}/g, '  '],
];

/** The lines of a command's output without its incidental parts: times, addresses, generations, widths of columns. */
export function shapeOf(output: string): readonly string[] {
  const steady = incidental.reduce((text, [pattern, instead]) => text.replaceAll(pattern, instead), output);
  return steady.split('\n').map((line) => line.trimEnd());
}
