/** The fields without the `undefined` ones, to spread under exactOptionalPropertyTypes. */
export function defined<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } {
  const found: { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } = {};
  for (const key of Object.keys(fields) as (keyof Fields)[]) {
    const value = fields[key];
    if (value !== undefined) found[key] = value as Exclude<Fields[typeof key], undefined>;
  }
  return found;
}

/** Maps a value, and `undefined` to `undefined`. */
export function mapDefined<Value, Result>(value: Value | undefined, map: (value: Value) => Result): Result | undefined {
  return value === undefined ? undefined : map(value);
}
