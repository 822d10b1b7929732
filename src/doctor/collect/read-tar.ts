import { unpackTar } from 'modern-tar';

/**
 * The texts of the files in a tar archive, by path; folders and links are left out.
 * @throws Error when it is no whole archive
 */
export async function readTar(archive: Uint8Array): Promise<ReadonlyMap<string, string>> {
  const entries = await unpackTar(archive, {
    strict: true,
    filter: ({ type }) => type === 'file',
    // Without this, each of thousands of entries would keep the attributes that are common to all of them.
    map: ({ name, size }) => ({ name, size }),
  });
  return new Map(entries.map(({ header, data }) => [header.name, Buffer.from(data ?? []).toString('utf8')]));
}
