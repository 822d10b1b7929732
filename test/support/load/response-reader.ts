/** A complete answer. */
export interface Response {
  readonly status: number;
  /** Status line and headers as received. */
  readonly head: string;
  readonly body: string;
}

export interface ResponseReader {
  /**
   * Adds received text; returns the answer once it is complete. Throws on text that isn't HTTP, or that follows the
   * answer.
   */
  read(text: string): Response | undefined;
}

/** Reads consecutive HTTP/1.1 answers from a connection. Supports only what a fast load generator needs. */
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
      if (text.length > bodyEnd) throw new Error(`text after the answer: ${text.slice(bodyEnd, bodyEnd + 80)}`);
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
  if (headerOf(head, 'transfer-encoding') !== 'chunked') throw new Error(`the answer has no length: ${head.slice(0, 200)}`);
  const last = text.indexOf('0\r\n\r\n', bodyStart);
  return last === -1 ? undefined : last + 5;
}
