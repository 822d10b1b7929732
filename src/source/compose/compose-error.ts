import { showForeignText } from '../../model/foreign-text.ts';

const maxMessageLength = 2000;

/** A compose project that can't be read; the message says what is wrong and what to do. */
export class ComposeError extends Error {
  override name = 'ComposeError';

  constructor(message: string, options?: { cause?: unknown }) {
    // It quotes the project, and Compose's own words.
    super(showForeignText(message, maxMessageLength), options);
  }
}
