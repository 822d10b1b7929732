/** Whether a value from a file has the wanted shape. */
export type Check = (value: unknown) => boolean;

/** Far more than labels can lead to, far less than memory holds. */
const longestText = 10_000;
const longestList = 10_000;

export const text: Check = (value) => typeof value === 'string' && value.length <= longestText;
/** 0 is the SPA's port behind a router. */
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

/** One check for each field of the type, so the compiler reports a forgotten field. */
export type Checks<Type> = { readonly [Field in keyof Required<Type>]: Check };
/** An object with exactly these fields. */
export const record =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).every((field) => Object.hasOwn(checks, field)) &&
    Object.entries(checks).every(([field, check]) => check((value as Readonly<Record<string, unknown>>)[field]));
