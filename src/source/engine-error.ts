import { showUntrustedText } from '../model/untrusted-text.ts';

const maxErrorLength = 1000;

/** A failed call to the engine: the message has the event and its cause, `cure` the steps to fix it. */
export class EngineError extends Error {
  override name = 'EngineError';
  readonly cure: string;
  /** The HTTP status that the engine, or a proxy before it, answered with; undefined without an answer. */
  readonly status: number | undefined;

  constructor(message: string, options: { cure: string; status?: number; cause?: unknown }) {
    // The message can quote the engine, a proxy or a container's name.
    super(showUntrustedText(message, maxErrorLength), { cause: options.cause });
    this.cure = showUntrustedText(options.cure, maxErrorLength);
    this.status = options.status;
  }
}
