import { parseSync, Visitor, type Comment, type Expression, type PrivateIdentifier } from 'oxc-parser';
import { placeholder, TextBuilder, type Kind, type Text } from './text.ts';

/** Texts to read in addition to comments. */
export interface Parts {
  readonly hasMessages: boolean;
  readonly hasTestNames: boolean;
}

/** Reads comments, and if requested string literals and test names. */
export function readTypeScript(name: string, source: string, { hasMessages, hasTestNames }: Parts): Text[] {
  const { comments, program, errors } = parseSync(name, source);
  if (errors[0] !== undefined) throw new Error(`${name} can't be parsed: ${errors[0].message}`);
  const texts = groupComments(comments, source).flatMap((group) => readComment(group, source));
  const read = new Set<unknown>();
  const addMessage = (node: Expression): void => {
    texts.push(...readString(node, source, 'message').filter(({ content }) => isProse(content)));
  };
  new Visitor({
    CallExpression(call) {
      const first = call.arguments[0];
      if (!hasTestNames || first === undefined || first.type === 'SpreadElement' || !isTestFunction(call.callee)) return;
      texts.push(...readString(first, source, 'test name'));
    },
    BinaryExpression(node) {
      if (!hasMessages || read.has(node) || node.operator !== '+') return;
      for (const part of concatenated(node)) read.add(part);
      addMessage(node);
    },
    Literal(node) {
      if (hasMessages && !read.has(node) && typeof node.value === 'string') addMessage(node);
    },
    TemplateLiteral(node) {
      if (hasMessages && !read.has(node)) addMessage(node);
    },
  }).visit(program);
  return texts;
}

function isTestFunction(callee: Expression): boolean {
  if (callee.type === 'Identifier') return ['it', 'test', 'describe'].includes(callee.name);
  if (callee.type === 'MemberExpression') return isTestFunction(callee.object);
  return callee.type === 'CallExpression' && isTestFunction(callee.callee);
}

/** At least four words, and none of the signs of code. */
function isProse(content: string): boolean {
  const words = content.match(/(?<![\w$.-])[A-Za-z][a-z']*(?![\w$-])/gu) ?? [];
  return words.length >= 4 && !/[{};]\s*$|^\s*[<#]|\$\{|&&|=>|--\s|\\n|\s=\s|^\s*-\w|\w\[/u.test(content.replaceAll(placeholder, ''));
}

/** The nodes of `'a' + b + 'c'`, in their order, and the sums themselves. */
function concatenated(node: Expression | PrivateIdentifier): (Expression | PrivateIdentifier)[] {
  if (node.type !== 'BinaryExpression' || node.operator !== '+') return [node];
  return [node, ...concatenated(node.left), ...concatenated(node.right)];
}

/** One text for each line of a string. */
function readString(node: Expression, source: string, kind: Kind): Text[] {
  const texts: Text[] = [];
  let builder = new TextBuilder();
  const addRaw = (raw: string, offset: number): void => {
    for (const piece of raw.matchAll(/\\n|\n|\\.|%[a-z]|\$[a-z]\w*|[^\\\n%$]+|./gsu)) {
      const at = offset + piece.index;
      if (piece[0] === '\\n' || piece[0] === '\n') {
        texts.push(builder.build(kind));
        builder = new TextBuilder();
      } else if (piece[0].startsWith('\\')) builder.addFixed(piece[0].slice(1), at);
      else if (/^[%$][a-z]/u.test(piece[0])) builder.addFixed(placeholder, at);
      else builder.add(piece[0], at);
    }
  };
  for (const part of concatenated(node)) {
    if (part.type === 'Literal' && typeof part.value === 'string') addRaw(source.slice(part.start + 1, part.end - 1), part.start + 1);
    else if (part.type === 'TemplateLiteral') {
      for (const [index, quasi] of part.quasis.entries()) {
        // The range of a quasi includes the backtick or the brace in some versions: the raw text is searched from there.
        addRaw(quasi.value.raw, source.indexOf(quasi.value.raw, quasi.start));
        const expression = part.expressions[index];
        if (expression !== undefined) builder.addFixed(placeholder, expression.start);
      }
    } else if (part.type !== 'BinaryExpression') builder.addFixed(placeholder, part.start);
  }
  texts.push(builder.build(kind));
  return texts;
}

interface CommentGroup {
  readonly isBlock: boolean;
  readonly start: number;
  readonly end: number;
}

/** Line comments in adjacent lines are one comment, unless one stands behind code. */
function groupComments(comments: readonly Comment[], source: string): CommentGroup[] {
  const groups: CommentGroup[] = [];
  for (const { type, start, end } of comments) {
    const before = groups.at(-1);
    const isNext = before !== undefined && !before.isBlock && /^\r?\n[ \t]*$/u.test(source.slice(before.end, start));
    if (type === 'Line' && isNext) groups[groups.length - 1] = { isBlock: false, start: before.start, end };
    else groups.push({ isBlock: type === 'Block', start, end });
  }
  return groups;
}

function readComment({ start, end }: CommentGroup, source: string): Text[] {
  return readCommentLines(source.slice(start, end), start, /^[ \t]*(?:\/\*\*?|\*\/|\*|\/\/)?[ \t]*/u);
}

const directive = /^(?:@ts-|oxlint-|eslint-|#region|#endregion|prettier-|v8 ignore|@vitest-|<reference)/u;

/**
 * The paragraphs of a comment.
 * @param marks matches the comment's marks at the start of a line
 */
export function readCommentLines(comment: string, start: number, marks: RegExp): Text[] {
  const texts: Text[] = [];
  let builder = new TextBuilder();
  const finish = (): void => {
    const text = builder.build('comment');
    if (/\p{Letter}/u.test(text.content)) texts.push(text);
    builder = new TextBuilder();
  };
  let offset = start;
  let isCode = false;
  for (const line of comment.split('\n')) {
    const lead = marks.exec(line)?.[0] ?? '';
    let rest = line.slice(lead.length).replace(/\s*\*\/\s*$/u, '');
    let at = offset + lead.length;
    offset += line.length + 1;
    if (rest.startsWith('```')) isCode = !isCode;
    if (isCode || rest === '' || directive.test(rest) || rest.startsWith('```')) {
      finish();
      continue;
    }
    const item = /^(?:[-*•]|\d+\.|@(?:param|throws|template) [\w.$]+|@\w+)\s+/u.exec(rest)?.[0];
    if (item !== undefined) {
      finish();
      rest = rest.slice(item.length);
      at += item.length;
    }
    builder.add(rest, at);
    builder.addFixed(' ', at + rest.length);
  }
  finish();
  return texts;
}
