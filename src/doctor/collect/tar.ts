const blockBytes = 512;

/**
 * The texts of the files in a tar archive, by path, as the engine makes them (Go's archive/tar: ustar). Anything but plain files
 * is left out, and so are extended headers: a name that needs one is none that anybody looks for.
 * @throws Error when it is no whole archive
 */
export function readTar(archive: Buffer): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  let offset = 0;
  while (offset + blockBytes <= archive.length && archive[offset] !== 0) {
    const header = archive.subarray(offset, offset + blockBytes);
    const size = parseOctal(textAt(header, 124, 12));
    const start = offset + blockBytes;
    if (start + size > archive.length) throw new Error('the archive is cut short');
    const type = textAt(header, 156, 1);
    const folder = textAt(header, 345, 155);
    const path = `${folder === '' ? '' : `${folder}/`}${textAt(header, 0, 100)}`;
    if (type === '0' || type === '') files.set(path, archive.toString('utf8', start, start + size));
    offset = start + Math.ceil(size / blockBytes) * blockBytes;
  }
  return files;
}

function textAt(header: Buffer, from: number, length: number): string {
  const text = header.toString('utf8', from, from + length);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

function parseOctal(text: string): number {
  const digits = text.trim();
  if (!/^[0-7]+$/.test(digits)) throw new Error('the archive has an entry without a size');
  return Number.parseInt(digits, 8);
}
