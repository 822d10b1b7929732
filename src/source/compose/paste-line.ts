/**
 * The line to paste on a machine that has Compose: once for meet-gen's command, once for its image.
 * @param file for `-f`; if undefined, Compose picks the file as `up` does
 */
export function pasteLine(file?: string): string {
  const config = `docker compose ${file === undefined ? '' : `-f ${shellWord(file)} `}config --format json`;
  return `${config} | meet-gen render --compose - (with the image: ${config} | docker run --rm -i meet-gen render --compose -)`;
}

/** Quotes a path so that a shell reads one word, and Compose doesn't read an option. */
function shellWord(path: string): string {
  const word = path.startsWith('-') ? `./${path}` : path;
  return /^[\w./@%+,:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
