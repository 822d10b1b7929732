/**
 * A small, strict parser of nginx's syntax, for checking rendered files. It accepts words, double-quoted strings,
 * comments, directives and blocks. It refuses everything else, including syntax that nginx accepts.
 */

/** A directive, with `block` if it has one. */
export interface Directive {
  readonly name: string;
  /** Unquoted words, and quoted strings with their quotes. */
  readonly args: readonly string[];
  readonly block?: readonly Directive[];
}

type Token = { readonly kind: 'word'; readonly text: string } | { readonly kind: ';' | '{' | '}' };

/** @throws Error when the text has any other syntax */
export function parseNginx(text: string): readonly Directive[] {
  const tokens = tokenize(text);
  const { directives, next } = parseBlock(tokens, 0);
  if (next !== tokens.length) throw new Error('a } closes a block that was never opened');
  return directives;
}

/** Every directive with the path of its enclosing blocks: `server/location`. */
export function walk(directives: readonly Directive[], path = ''): readonly { readonly path: string; readonly directive: Directive }[] {
  return directives.flatMap((directive) => [
    { path, directive },
    ...walk(directive.block ?? [], path === '' ? directive.name : `${path}/${directive.name}`),
  ]);
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  // In this order: whitespace, a comment to the end of its line, punctuation, a quoted string, a word of printable
  // ASCII.
  const pattern =
    /(?<blank>[ \n]+)|(?<comment>#[\x20-\x7e]*(?=\n))|(?<mark>[;{}])|(?<quoted>"(?:[^"\\\n\r\t]|\\n|\\x5c)*")(?=[ ;])|(?<word>[^\s;{}"'#\\]+)/y;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) throw new Error(`not plain nginx syntax at: ${JSON.stringify(text.slice(at, at + 40))}`);
    const word = groups['quoted'] ?? groups['word'];
    if (groups['mark'] !== undefined) tokens.push({ kind: groups['mark'] as ';' | '{' | '}' });
    if (word === undefined) continue;
    if (/[^\x20-\x7e]/.test(word)) throw new Error(`a word holds a character that is not printable ASCII: ${JSON.stringify(word)}`);
    tokens.push({ kind: 'word', text: word });
  }
  return tokens;
}

function parseBlock(tokens: readonly Token[], from: number): { directives: readonly Directive[]; next: number } {
  const directives: Directive[] = [];
  let words: string[] = [];
  let at = from;
  for (; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === undefined || token.kind === '}') break;
    if (token.kind === 'word') {
      words.push(token.text);
      continue;
    }
    const [name, ...args] = words;
    words = [];
    if (name === undefined) throw new Error(`a ${token.kind} without a directive before it`);
    if (token.kind === ';') {
      directives.push({ name, args });
      continue;
    }
    const inner = parseBlock(tokens, at + 1);
    if (tokens[inner.next]?.kind !== '}') throw new Error(`the block of ${name} is not closed`);
    directives.push({ name, args, block: inner.directives });
    at = inner.next;
  }
  if (words.length > 0) throw new Error(`the directive ${words[0]} is not ended`);
  return { directives, next: at };
}
