import { open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Replaces a file in a directory as plainly as it goes: no reader sees half of it, but a power cut may lose it. */
export async function replaceFile(directory: string, content: string): Promise<void> {
  await writeFile(join(directory, '.bare'), content);
  await rename(join(directory, '.bare'), join(directory, 'bare.conf'));
}

/** The same, durably: what any program has to do that keeps the promise. */
export async function replaceFileDurably(directory: string, content: string): Promise<void> {
  const file = await open(join(directory, '.durable'), 'w');
  await file.writeFile(content);
  await file.sync();
  await file.close();
  await rename(join(directory, '.durable'), join(directory, 'durable.conf'));
  const folder = await open(directory, 'r');
  await folder.sync();
  await folder.close();
}
