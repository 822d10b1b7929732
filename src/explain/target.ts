import { showForeignText } from '../model/foreign-text.ts';
import { OperatorError } from '../model/operator-error.ts';

/** What a person asks about: a request target, and the host where a whole URL was given. */
export interface Target {
  /** As it would be sent: begins with a slash, query included. */
  readonly target: string;
  /** In lower case, without a port. */
  readonly host?: string;
}

/** nginx takes request lines of 8k (large_client_header_buffers); nobody asks about longer ones by hand. */
const maxLength = 4000;

/**
 * Reads a path or a URL, without changing the path in any way: what a browser would fix before it asks is left as it is.
 * @throws OperatorError that says what is wrong with it
 */
export function readTarget(text: string): Target {
  if (text.length > maxLength) throw new OperatorError(`it is longer than ${maxLength} characters`);
  if (text.startsWith('/')) return { target: text };
  const url = /^(?:https?|wss?):\/\/(?:[^/?#]*@)?(\[[^/?#\]]*\]|[^/?#:]*)(?::\d*)?(?=$|[/?#])([^]*)$/i.exec(text);
  const [, host = '', rest = ''] = url ?? [];
  if (url !== null && host !== '') return { target: rest.startsWith('/') ? rest : `/${rest}`, host: host.toLowerCase().replace(/\.$/, '') };
  throw new OperatorError(
    text.includes('://')
      ? 'a URL begins with https:// or http:// and a host: https://meet.example.com/files'
      : `a path begins with a slash: /${showForeignText(text)}`,
  );
}
