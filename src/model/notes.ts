import type { Note } from './container.ts';

/** Merges the notes of several sources about the same containers. */
export function mergeNotes(...sources: readonly ReadonlyMap<string, Note>[]): ReadonlyMap<string, Note> {
  const merged = new Map<string, Note>();
  for (const notes of sources) for (const [id, note] of notes) merged.set(id, { ...merged.get(id), ...note });
  return merged;
}
