/** The same fields without those that are `undefined`: a spread of it adds none of these (exactOptionalPropertyTypes). */
export function defined<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } {
  const found: { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } = {};
  for (const key of Object.keys(fields) as (keyof Fields)[]) {
    const value = fields[key];
    if (value !== undefined) found[key] = value as Exclude<Fields[typeof key], undefined>;
  }
  return found;
}

/** What a function makes of a value, and `undefined` of none. */
export function mapDefined<Value, Result>(value: Value | undefined, map: (value: Value) => Result): Result | undefined {
  return value === undefined ? undefined : map(value);
}
