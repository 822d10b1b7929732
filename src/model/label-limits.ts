/** Docker limits neither keys nor values. Parsing megabytes of one would hold up everybody else's routes. */
export const maxLabelKeyLength = 256;
/** Characters, which for every value that a grammar takes are bytes. */
export const maxLabelValueLength = 8192;

/** The labels of a container, each cut to its limit with an ellipsis. No grammar takes one, so a cut label is refused as a bad one. */
export function boundLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [cut(key, maxLabelKeyLength), cut(value, maxLabelValueLength)]));
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}
