import { readFile } from 'node:fs/promises';
import { messageOf } from '../../util/error-message.ts';
import { minSecretBytes } from './signature.ts';

/**
 * Reads the secret that readers sign with: the content of the file without the line end.
 * @throws Error with the cure
 */
export async function readReaderSecret(file: string): Promise<Buffer> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`the file can't be read: ${messageOf(cause)}`, { cause });
  });
  const secret = Buffer.from(text.replace(/[\r\n]+$/, ''));
  if (secret.length < minSecretBytes)
    throw new Error(`${file} has ${secret.length} bytes, fewer than ${minSecretBytes}; write a secret with: openssl rand -hex 32`);
  return secret;
}
