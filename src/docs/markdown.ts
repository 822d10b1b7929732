/** Markdown of the generated pages: parts in, text with wrapped lines out. */

const generated = '<!-- Generated from the tables in src by `npm run docs`. Do not edit. -->';
const maxLineLength = 120;

export function page(title: string, parts: readonly string[]): string {
  return `${[`# ${title}`, generated, ...parts.map(wrap)].join('\n\n')}\n`;
}

/** A list whose entries are wrapped. */
export function list(entries: readonly string[]): string {
  return entries.map((entry) => wrap(`- ${entry}`)).join('\n');
}

/** Wraps paragraphs and list entries; tables, headings and blocks stay unchanged. */
function wrap(part: string): string {
  if (/^[|#]/.test(part) || part.includes('\n')) return part;
  const indent = part.startsWith('- ') ? '  ' : '';
  // A code span stays on one line.
  const [first = '', ...words] = part.match(/(?:`[^`]*`|[^ ])+/g) ?? [];
  const lines = words.reduce<readonly string[]>(
    (done, word) => {
      const longer = `${done.at(-1) ?? ''} ${word}`;
      return longer.length <= maxLineLength ? [...done.slice(0, -1), longer] : [...done, `${indent}${word}`];
    },
    [first],
  );
  return lines.join('\n');
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
