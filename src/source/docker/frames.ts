/**
 * Joins the texts of a stream's frames (Docker Engine API, ContainerAttach, stream format). The stream of a container
 * with a terminal has no frames. docker-modem's `demuxStream` can't be used: it fails on a log of 5,000 lines
 * (docs/decisions/archives-and-log-frames.md).
 */
export function readFrames(bytes: Buffer): string {
  const texts: string[] = [];
  let rest = bytes;
  while (rest.length >= 8 && (rest[0] ?? 3) <= 2 && rest.readUIntBE(1, 3) === 0) {
    const end = 8 + rest.readUInt32BE(4);
    texts.push(rest.toString('utf8', 8, end));
    rest = rest.subarray(end);
  }
  return texts.join('') + rest.toString('utf8');
}
