/** nginx's reading of a request target: the path that it picks a location by, or the reason for its 400. */
export type RequestPath = { readonly path: string } | { readonly refused: string };

type State = 'usual' | 'slash' | 'dot' | 'dot-dot';

const [percent, hash, question, slash, dot] = ['%', '#', '?', '/', '.'];

/**
 * Reads a request target as nginx does before it picks a location (ngx_http_parse_complex_uri, with its default
 * `merge_slashes on`). Percent-codes are decoded once, `//` is merged, `.` and `..` are resolved, even where they were
 * encoded. Query and fragment are dropped, unless their sign was encoded.
 * @param target begins with a slash, as sent. Non-ASCII text counts as its UTF-8 bytes, encoded or not
 * @returns the path as nginx has it, one character per byte
 */
export function readRequestPath(target: string): RequestPath {
  const bytes = [...new TextEncoder().encode(target)].map((byte) => String.fromCharCode(byte));
  // Since nginx 1.21.1, the query included.
  if (bytes.some(isControl)) return { refused: 'it holds a control character' };
  const reader = createReader();
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? '';
    if (byte === question || byte === hash) break;
    const code = byte === percent ? decode(bytes[index + 1], bytes[index + 2]) : undefined;
    if (code === null) return { refused: '% is not followed by two hexadecimal digits' };
    if (code === '\0') return { refused: 'it holds an encoded zero byte' };
    if (code !== undefined) index += 2;
    if (!reader.take(code ?? byte)) return { refused: aboveRoot };
  }
  return reader.end() ? { path: reader.path() } : { refused: aboveRoot };
}

const aboveRoot = '.. leads above the root';

/** Resolves slashes and dots, encoded or not; `take` and `end` return false where `..` leads above the root. */
function createReader(): { take(byte: string): boolean; end(): boolean; path(): string } {
  let path = '';
  let state: State = 'usual';
  const climb = (): boolean => {
    const parent = path.slice(0, -'/..'.length);
    path = parent.slice(0, parent.lastIndexOf(slash) + 1);
    return path !== '';
  };
  const end = (): boolean => {
    if (state === 'dot') path = path.slice(0, -1);
    return state === 'dot-dot' ? climb() : true;
  };
  const take = (byte: string): boolean => {
    if (byte === slash) {
      if (state === 'usual') path += byte;
      else if (!end()) return false;
      state = 'slash';
      return true;
    }
    path += byte;
    state = byte === dot ? ({ slash: 'dot', dot: 'dot-dot', 'dot-dot': 'usual', usual: 'usual' } as const)[state] : 'usual';
    return true;
  };
  return { take, end, path: () => path };
}

/** The byte of two hexadecimal digits; null for other characters. */
function decode(first = '', second = ''): string | null {
  return /^[0-9a-f]{2}$/i.test(first + second) ? String.fromCharCode(Number.parseInt(first + second, 16)) : null;
}

function isControl(byte: string): boolean {
  return byte < ' ' || byte === '\x7f';
}
