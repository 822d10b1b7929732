/** A JSON value with a text of its own at every place of a text. */
export interface Planted {
  readonly value: unknown;
  /** The place of each planted text: `Spec.Labels.meet.role`, `Addresses.0`. */
  readonly places: ReadonlyMap<string, string>;
}

/**
 * Replaces every text in a JSON value by a secret that names its place.
 * @param kept the places whose text stays, because it decides what the reader does
 */
export function plantSecrets(value: unknown, name: string, kept: readonly string[] = []): Planted {
  const places = new Map<string, string>();
  const plant = (at: unknown, path: readonly string[]): unknown => {
    if (Array.isArray(at)) return at.map((entry, index) => plant(entry, [...path, String(index)]));
    if (typeof at === 'object' && at !== null)
      return Object.fromEntries(Object.entries(at).map(([key, entry]) => [key, plant(entry, [...path, key])]));
    const place = path.join('.');
    if (typeof at !== 'string' || kept.includes(place)) return at;
    const secret = `<${name} ${places.size}>`;
    places.set(secret, place);
    return secret;
  };
  return { value: plant(value, []), places };
}

/** The places of the planted texts that a text shows, in order. */
export function shownPlaces(text: string, { places }: Planted): readonly string[] {
  return [...places]
    .filter(([secret]) => text.includes(secret))
    .map(([, place]) => place)
    .toSorted();
}
