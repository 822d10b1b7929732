import { showForeignText } from '../model/foreign-text.ts';

const maxErrorLength = 1000;

/** The engine could not be asked: what happened, why, and how to fix it. */
export class EngineError extends Error {
  override name = 'EngineError';
  readonly cure: string;
  /** The HTTP status of the engine's answer, or of a proxy's before it; absent when there was none. */
  readonly status: number | undefined;

  constructor(message: string, options: { cure: string; status?: number; cause?: unknown }) {
    // It can hold what the engine, a proxy or a container's name says.
    super(showForeignText(message, maxErrorLength), { cause: options.cause });
    this.cure = showForeignText(options.cure, maxErrorLength);
    this.status = options.status;
  }
}
