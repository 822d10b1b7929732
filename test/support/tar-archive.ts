const blockBytes = 512;

/** A tar archive (ustar) of text files by path, for `tar -x` on a container's standard input. */
export function tarArchive(files: Readonly<Record<string, string>>): Uint8Array {
  const parts = Object.entries(files).flatMap(([path, text]) => {
    const content = Buffer.from(text, 'utf8');
    const padding = Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes);
    return [tarHeader(path, content.length), content, padding];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

/**
 * The header of an entry.
 * @param size in bytes, or a text to write instead
 */
export function tarHeader(path: string, size: number | string, type = '0', folder = ''): Uint8Array {
  if (Buffer.byteLength(path) > 100) throw new Error(`A path in a tar archive has at most 100 bytes: ${path}`);
  const block = Buffer.alloc(blockBytes);
  block.write(path, 0);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(typeof size === 'number' ? octal(size, 12) : size, 124, 12);
  block.write(octal(0, 12), 136);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write('ustar\u000000', 257);
  block.write(folder, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
