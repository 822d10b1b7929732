import { readFile } from 'node:fs/promises';
import { messageOf } from '../../util/error-message.ts';
import { minSecretBytes } from './signature.ts';

/**
 * Reads the secret that readers and meet-gen share, without the line end that editors add.
 * @throws Error that names the option, for a file that can't be read and for a secret that can be guessed
 */
export async function readReaderSecret(file: string): Promise<Buffer> {
  const text = await readFile(file, 'latin1').catch((cause: unknown) => {
    throw new Error(`--reader-secret: ${file} can't be read (${messageOf(cause)}); mount the Docker secret, or set the right path`, {
      cause,
    });
  });
  const secret = Buffer.from(text.replace(/[\r\n]+$/, ''), 'latin1');
  if (secret.length >= minSecretBytes) return secret;
  throw new Error(
    `--reader-secret: the secret in ${file} has ${secret.length} bytes, fewer than ${minSecretBytes}, and can be guessed; make one with: openssl rand -hex 32`,
  );
}
