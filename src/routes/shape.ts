/** Whether a value from a file has the shape that is asked for. */
export type Check = (value: unknown) => boolean;

/** Far more than a label can bring about, far less than memory. */
const longestText = 10_000;
const longestList = 10_000;

export const text: Check = (value) => typeof value === 'string' && value.length <= longestText;
/** 0 is the SPA's behind a router. */
export const port: Check = (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 65_536;
export const boolean: Check = (value) => typeof value === 'boolean';
export const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
export const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= longestList && value.every(check);
export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

/** Each field of the type has a check, so that a new one can't be forgotten here. */
export type Checks<Type> = { readonly [Field in keyof Required<Type>]: Check };
/** No other field may be there. */
export const record =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).every((field) => Object.hasOwn(checks, field)) &&
    Object.entries(checks).every(([field, check]) => check((value as Readonly<Record<string, unknown>>)[field]));
