/** Makes something when it is asked for the first time, and gives the same from then on. */
export function once<Result extends object>(make: () => Result): () => Result {
  let source: (() => Result) | undefined = make;
  let made: Result | undefined;
  return () => {
    made ??= source?.();
    source = undefined;
    return made as Result;
  };
}
