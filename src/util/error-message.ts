/** What a thrown value says; not everything that is thrown is an Error. */
export function messageOf(error: unknown): string {
  return errorOf(error).message;
}

/** What was thrown, as an Error. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
