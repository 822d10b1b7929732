import { boundLabels, tooManyLabels } from '../../model/label-limits.ts';
import { isIdentityLabel } from '../../model/member.ts';

/** Labels as read, and why they can't be read. */
export interface ReadLabels {
  readonly labels: Readonly<Record<string, string>>;
  readonly unreadable?: string;
}

/**
 * Reads the labels of an object of the engine. If any label isn't text, all are dropped, since that label may guard a
 * path. The labels for project and instance stay, so that the right instance gets the problem.
 */
export function labelsFromEngine(value: unknown): ReadLabels {
  if (value === undefined || value === null) return { labels: {} };
  if (typeof value !== 'object' || Array.isArray(value)) return { labels: {}, unreadable: "its labels aren't a JSON object" };
  const entries = Object.entries(value);
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const isOdd = texts.length < entries.length;
  const unreadable = isOdd ? 'it has labels whose values are not text' : tooManyLabels(value as Readonly<Record<string, unknown>>);
  if (unreadable === undefined) return { labels: boundLabels(Object.fromEntries(texts)) };
  return { labels: boundLabels(Object.fromEntries(texts.filter(([key]) => isIdentityLabel(key)))), unreadable };
}
