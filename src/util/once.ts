/** Creates a value at the first call, and returns the same value from then on. */
export function once<Result extends object>(make: () => Result): () => Result {
  let source: (() => Result) | undefined = make;
  let made: Result | undefined;
  return () => {
    made ??= source?.();
    source = undefined;
    return made as Result;
  };
}
