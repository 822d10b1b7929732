import { showForeignText } from '../model/foreign-text.ts';

const maxMessageLength = 500;

/** A compose file that can't be read; the message says what is wrong and what to do. */
export class ComposeError extends Error {
  override name = 'ComposeError';

  constructor(message: string, options?: { cause?: unknown }) {
    // It quotes the file.
    super(showForeignText(message, maxMessageLength), options);
  }
}
