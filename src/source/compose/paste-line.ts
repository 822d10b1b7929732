/**
 * What to paste where Compose is, with meet-gen's command or its image behind it.
 * @param file of `-f`; without one Compose chooses as it does for `up`
 */
export function pasteLine(file?: string): string {
  const config = `docker compose ${file === undefined ? '' : `-f ${shellWord(file)} `}config --format json`;
  return `${config} | meet-gen render --compose - (with the image: ${config} | docker run --rm -i meet-gen render --compose -)`;
}

/** A path as a shell takes it for one word, and Compose for no option. */
function shellWord(path: string): string {
  const word = path.startsWith('-') ? `./${path}` : path;
  return /^[\w./@%+,:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
