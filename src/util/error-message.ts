/** The message of a thrown value, which need not be an Error. */
export function messageOf(error: unknown): string {
  return errorOf(error).message;
}

/** A thrown value as an Error. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
