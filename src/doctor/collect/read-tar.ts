import { unpackTar } from 'modern-tar';

/**
 * Reads the texts of the files in a tar archive, by path; without folders and links.
 * @throws Error when the archive is incomplete or invalid
 */
export async function readTar(archive: Uint8Array): Promise<ReadonlyMap<string, string>> {
  const entries = await unpackTar(archive, {
    strict: true,
    filter: ({ type }) => type === 'file',
    // Drops the attributes, which would be kept for each of thousands of entries.
    map: ({ name, size }) => ({ name, size }),
  });
  return new Map(entries.map(({ header, data }) => [header.name, Buffer.from(data ?? []).toString('utf8')]));
}
