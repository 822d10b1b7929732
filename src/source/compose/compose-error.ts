import { showUntrustedText } from '../../model/untrusted-text.ts';

const maxMessageLength = 2000;

/** A compose project that can't be read; the message has the cause and the cure. */
export class ComposeError extends Error {
  override name = 'ComposeError';

  constructor(message: string, options?: { cause?: unknown }) {
    // The message quotes the project, or Compose's own errors.
    super(showUntrustedText(message, maxMessageLength), options);
  }
}
