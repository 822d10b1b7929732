/** One whole answer. */
export interface Response {
  readonly status: number;
  /** Status line and headers, as they came. */
  readonly head: string;
  readonly body: string;
}

export interface ResponseReader {
  /** Takes what came; returns the answer once it is whole. Throws on what is no HTTP answer, or more than one. */
  read(text: string): Response | undefined;
}

/** Reads one HTTP/1.1 answer after the other from a connection; as little as a fast load generator needs. */
export function createResponseReader(): ResponseReader {
  let text = '';
  return {
    read(more) {
      text = text === '' ? more : text + more;
      const headEnd = text.indexOf('\r\n\r\n');
      if (headEnd === -1) return undefined;
      const head = text.slice(0, headEnd);
      const bodyStart = headEnd + 4;
      const bodyEnd = endOfBody(head, bodyStart, text);
      if (bodyEnd === undefined || text.length < bodyEnd) return undefined;
      if (text.length > bodyEnd) throw new Error(`more than the answer came: ${text.slice(bodyEnd, bodyEnd + 80)}`);
      const body = text.slice(bodyStart, bodyEnd);
      text = '';
      return { status: statusOf(head), head, body };
    },
  };
}

/** The value of a header, or nothing. */
export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`\r\n${name}:[ \t]*([^\r]*)`, 'i').exec(head)?.[1];
}

function statusOf(head: string): number {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  if (status === undefined) throw new Error(`not an HTTP answer: ${head.slice(0, 80)}`);
  return Number(status);
}

function endOfBody(head: string, bodyStart: number, text: string): number | undefined {
  const length = headerOf(head, 'content-length');
  if (length !== undefined) return bodyStart + Number(length);
  if (headerOf(head, 'transfer-encoding') !== 'chunked') throw new Error(`an answer without a length: ${head.slice(0, 200)}`);
  const last = text.indexOf('0\r\n\r\n', bodyStart);
  return last === -1 ? undefined : last + 5;
}
