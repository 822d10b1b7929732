import { showUntrustedText } from '../model/untrusted-text.ts';
import { OperatorError } from '../model/operator-error.ts';

/** The target of a question: a request target, and the host where a whole URL was given. */
export interface Target {
  /** As sent: begins with a slash, query included. */
  readonly target: string;
  /** In lower case, without a port. */
  readonly host?: string;
}

/** nginx accepts request lines of 8k (large_client_header_buffers); targets typed by hand are shorter. */
const maxLength = 4000;

/**
 * Reads a path or a URL. The path stays unchanged, unlike in a browser, which normalises it before a request.
 * @throws OperatorError with the reason where the text is malformed
 */
export function readTarget(text: string): Target {
  if (text.length > maxLength) throw new OperatorError(`the text is longer than ${maxLength} characters`);
  if (text.startsWith('/')) return { target: text };
  const url = /^(?:https?|wss?):\/\/(?:[^/?#]*@)?(\[[^/?#\]]*\]|[^/?#:]*)(?::\d*)?(?=$|[/?#])([^]*)$/i.exec(text);
  const [, host = '', rest = ''] = url ?? [];
  if (url !== null && host !== '') return { target: rest.startsWith('/') ? rest : `/${rest}`, host: host.toLowerCase().replace(/\.$/, '') };
  throw new OperatorError(
    text.includes('://')
      ? 'a URL begins with https:// or http:// and a host: https://meet.example.com/files'
      : `a path begins with a slash: /${showUntrustedText(text)}`,
  );
}
