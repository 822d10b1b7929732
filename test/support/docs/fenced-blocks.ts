/** A fenced code block of a documentation page. */
export interface Block {
  readonly page: string;
  /** The line of the opening fence, counted from 1. */
  readonly line: number;
  readonly language: string;
  /** The name in the line before the block, `<!-- block: name -->`. A test reads the block by this name. */
  readonly name: string | undefined;
  readonly text: string;
}

const fence = /^( *)(`{3,}|~{3,})(.*)$/;
const mark = /^ *<!-- block: (.+) -->$/;

/**
 * The fenced code blocks of a page, in order. The indentation of a fence is removed from the text of its block.
 * @throws Error when a block doesn't end, or a name is not followed by a block
 */
export function readBlocks(page: string, text: string): readonly Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  let name: string | undefined;
  for (let at = 0; at < lines.length; at += 1) {
    const opened = fence.exec(lines[at] ?? '');
    if (opened === null) {
      if (name !== undefined) throw new Error(`${page}:${at + 1}: the block "${name}" doesn't follow its name`);
      name = mark.exec(lines[at] ?? '')?.[1];
      continue;
    }
    const [, indent = '', marks = '', info = ''] = opened;
    const end = lines.findIndex((line, index) => index > at && line.trim() === marks);
    if (end === -1) throw new Error(`${page}:${at + 1}: this block doesn't end`);
    const inside = lines.slice(at + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    blocks.push({ page, line: at + 1, language: info.trim(), name, text: inside.join('\n') });
    name = undefined;
    at = end;
  }
  return blocks;
}

/** The code spans of a page's prose, except in blocks. */
export function readCodeSpans(text: string): readonly string[] {
  const prose = text.replaceAll(/^ *(`{3,}|~{3,})[^]*?^ *\1$/gm, '');
  return [...prose.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, span = '']) => span);
}
