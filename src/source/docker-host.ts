import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../util/error-message.ts';

/** How to reach an engine: a unix socket, or TCP with or without TLS. */
export type DockerHost =
  | { readonly url: string; readonly socketPath: string }
  | {
      readonly url: string;
      readonly host: string;
      readonly port: number;
      readonly tls?: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
    };

/**
 * Reads DOCKER_HOST and the TLS variables of the Docker CLI.
 * @throws Error with the fault of the value and the right form
 */
export function parseDockerHost(url: string, env: Readonly<Record<string, string | undefined>>): DockerHost {
  if (url.startsWith('unix://') && url.length > 'unix://'.length) return { url, socketPath: url.slice('unix://'.length) };
  const parsed = /^(tcp|http|https):\/\/(\[[0-9a-fA-F:]+\]|[^/:[\]]+)(?::(\d{1,5}))?\/?$/.exec(url);
  if (parsed === null) throw new Error('it must look like unix:///var/run/docker.sock, tcp://host:2375 or tcp://host:2376 with TLS');
  const withTls = parsed[1] === 'https' || (env['DOCKER_TLS_VERIFY'] ?? '') !== '';
  const port = Number(parsed[3] ?? (withTls ? 2376 : 2375));
  if (port < 1 || port > 65_535) throw new Error('its port must be 1 to 65535');
  const host = (parsed[2] ?? '').replace(/^\[|\]$/g, '');
  return { url, host, port, ...(withTls ? { tls: readCertificates(env['DOCKER_CERT_PATH']) } : {}) };
}

function readCertificates(folder: string | undefined): { ca: Buffer; cert: Buffer; key: Buffer } {
  if (folder === undefined || folder === '')
    throw new Error('TLS is on, but DOCKER_CERT_PATH is not set; set it to the folder with ca.pem, cert.pem and key.pem');
  const read = (name: string): Buffer => {
    const file = join(folder, name);
    try {
      return readFileSync(file);
    } catch (cause) {
      throw new Error(`${file} (DOCKER_CERT_PATH) can't be read: ${whyUnreadable(cause)}`, { cause });
    }
  };
  const files = { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
  try {
    createSecureContext(files);
  } catch (cause) {
    throw new Error(
      `the certificates in ${folder} (DOCKER_CERT_PATH) can't be used: ${messageOf(cause)}; all three must be PEM without a passphrase, and key.pem must belong to cert.pem`,
      { cause },
    );
  }
  return files;
}

function whyUnreadable(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return "the file doesn't exist; mount the folder into the container";
  if (code === 'EACCES')
    return `user ${process.getuid?.()} may not read it; make it readable for that user (chown, or chmod and group_add)`;
  return messageOf(cause);
}
