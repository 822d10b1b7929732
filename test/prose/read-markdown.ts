import type { Nodes, Parents, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table';
import { gfmTable } from 'micromark-extension-gfm-table';
import { placeholder, TextBuilder, type Text } from './text.ts';

/** The comment that exempts the block after it: a quotation, or words that are the subject of the page. */
const exemption = /^<!-- prose: quote -->$/u;

/** Headings and paragraphs of a page; tables and code blocks are left out. */
export function readMarkdown(source: string): Text[] {
  const texts: Text[] = [];
  visit(parse(source), (node) => {
    const builder = new TextBuilder();
    for (const child of node.children) addInline(builder, child, source);
    texts.push(builder.build(isHeading(node) ? 'heading' : 'markdown'));
  });
  return texts;
}

/** A paragraph in bold is the heading of a table or a list. */
function isHeading(node: Parents): boolean {
  return node.type === 'heading' || (node.children.length === 1 && node.children[0]?.type === 'strong');
}

/** Lines of a page that hold a table, code or HTML, counted from 1: they can't be wrapped. */
export function unwrappableLines(source: string): Set<number> {
  const lines = new Set<number>();
  const mark = (node: Nodes): void => {
    if (node.type === 'table' || node.type === 'code' || node.type === 'html' || node.type === 'heading' || node.type === 'definition') {
      const { start, end } = node.position ?? { start: { line: 0 }, end: { line: -1 } };
      for (let line = start.line; line <= end.line; line++) lines.add(line);
    } else if ('children' in node) {
      for (const child of node.children) mark(child);
    }
  };
  mark(parse(source));
  return lines;
}

function parse(source: string): Nodes {
  return fromMarkdown(source, { extensions: [gfmTable()], mdastExtensions: [gfmTableFromMarkdown()] });
}

function visit(node: Nodes, found: (node: Parents) => void): void {
  if (node.type === 'paragraph' || node.type === 'heading') {
    found(node);
    return;
  }
  if (node.type === 'table' || !('children' in node)) return;
  let isExempt = false;
  for (const child of node.children) {
    if (!isExempt) visit(child, found);
    isExempt = child.type === 'html' && exemption.test(child.value);
  }
}

function addInline(builder: TextBuilder, node: RootContent, source: string): void {
  const start = node.position?.start.offset ?? 0;
  switch (node.type) {
    case 'text':
      addAligned(builder, node.value, source, start);
      return;
    case 'inlineCode':
      builder.addFixed(placeholder, start);
      return;
    case 'break':
      builder.addFixed(' ', start);
      return;
    default:
      if ('children' in node) for (const child of node.children) addInline(builder, child, source);
  }
}

/** The value of a text node lacks the indentation and the escapes that the file has. */
function addAligned(builder: TextBuilder, value: string, source: string, start: number): void {
  let offset = start;
  for (const character of value) {
    const found = source.indexOf(character, offset);
    if (found >= 0 && found - offset < 20) offset = found;
    builder.addFixed(character === '\n' ? ' ' : character, offset);
    offset += character.length;
  }
}
