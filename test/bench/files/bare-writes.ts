import { open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Replaces a file at the least cost: no reader sees half a file, but a power cut may lose it. */
export async function replaceFile(directory: string, content: string): Promise<void> {
  await writeFile(join(directory, '.bare'), content);
  await rename(join(directory, '.bare'), join(directory, 'bare.conf'));
}

/** Replaces a file durably, as any program must that keeps meet-gen's promise. */
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
