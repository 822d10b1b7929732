/** One command of a shell text. */
export interface ShellCommand {
  readonly words: readonly string[];
  /** `NAME=value` before the first word. */
  readonly assignments: Readonly<Record<string, string>>;
  /** The files for its output. */
  readonly writes: readonly string[];
}

type Token = { readonly kind: 'word'; readonly text: string } | { readonly kind: 'mark'; readonly text: string };

/**
 * Reads the commands of a shell text, beginning with the commands in `$(…)`. The reader knows the syntax in our documentation:
 * words, quotes, comments, continued lines, `&&`, `||`, `|`, `;`, `>`, `>>` and `$(…)`.
 * @throws Error at anything else
 */
export function readShell(text: string): readonly ShellCommand[] {
  const inner: ShellCommand[] = [];
  const tokens = tokenize(text.replaceAll('\\\n', ' '), (nested) => inner.push(...readShell(nested)));
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let writes: string[] = [];
  const end = (): void => {
    if (words.length > 0) commands.push(commandOf(words, writes));
    [words, writes] = [[], []];
  };
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === undefined) break;
    if (token.kind === 'word') words.push(token.text);
    else if (token.text.startsWith('>')) {
      const target = tokens[(at += 1)];
      if (target?.kind !== 'word') throw new Error(`${token.text} goes to no file`);
      writes.push(target.text);
    } else end();
  }
  end();
  return [...inner, ...commands];
}

function commandOf(all: readonly string[], writes: readonly string[]): ShellCommand {
  const first = all.findIndex((word) => !/^[A-Z_][A-Z0-9_]*=/.test(word));
  const split = first === -1 ? all.length : first;
  const assignments = all.slice(0, split).map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const);
  return { words: all.slice(split), assignments: Object.fromEntries(assignments), writes };
}

function tokenize(text: string, onNested: (nested: string) => void): readonly Token[] {
  const tokens: Token[] = [];
  const pattern =
    /(?<blank>[ \t]+)|(?<comment>(?<=^|[ \t\n])#[^\n]*)|(?<mark>&&|\|\||>>|[\n|;>])|(?<word>(?:'[^']*'|"(?:[^"$\\`]|\\.|\$\([^()]*\)|\$(?!\())*"|\$\([^()]*\)|\\[^\n]|[^\s'"\\|&;<>()`])+)/y;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) throw new Error(`not understood as a command: ${JSON.stringify(text.slice(at, at + 40))}`);
    if (groups['mark'] !== undefined) tokens.push({ kind: 'mark', text: groups['mark'] });
    if (groups['word'] === undefined) continue;
    for (const [, nested = ''] of groups['word'].matchAll(/\$\(([^()]*)\)/g)) onNested(nested);
    tokens.push({ kind: 'word', text: groups['word'].replaceAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"/g, (_, one, two) => one ?? two) });
  }
  return tokens;
}
