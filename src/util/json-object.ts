/**
 * Parses a JSON object from one of meet-gen's own files.
 * @throws Error for other text
 */
export function parseJsonObject(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('it holds no JSON object');
  return value as Record<string, unknown>;
}
