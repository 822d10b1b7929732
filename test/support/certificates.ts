import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../providers/run-command.ts';

/** A certificate authority for one test, made by openssl. */
export interface Authority {
  /** The authority's certificate. */
  readonly caFile: string;
  /**
   * Makes a folder for DOCKER_CERT_PATH with `ca.pem`, `cert.pem` and `key.pem`.
   * A negative number of days makes an expired certificate.
   */
  issue(name: string, options?: { readonly altName?: string; readonly days?: number }): Promise<string>;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Makes an authority. Its files are in this folder. */
export async function makeAuthority(folder: string): Promise<Authority> {
  mkdirSync(folder, { recursive: true });
  const [caFile, caKey] = [join(folder, 'ca.pem'), join(folder, 'ca-key.pem')];
  await openssl('req', '-x509', ...newKey, '-keyout', caKey, '-out', caFile, '-subj', '/CN=meet-gen-test', '-days', '1');
  return {
    caFile,
    async issue(name, { altName, days = 1 } = {}) {
      const place = join(folder, name);
      mkdirSync(place);
      const [key, request, certificate] = [join(place, 'key.pem'), join(place, 'request.pem'), join(place, 'cert.pem')];
      const names = altName === undefined ? [] : ['-addext', `subjectAltName=${altName}`];
      await openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', `/CN=${name}`, ...names);
      const signed = ['-CA', caFile, '-CAkey', caKey, '-CAcreateserial', '-copy_extensions', 'copy', '-days', String(days)];
      await openssl('x509', '-req', '-in', request, '-out', certificate, ...signed);
      copyFileSync(caFile, join(place, 'ca.pem'));
      return place;
    },
  };
}

async function openssl(...args: readonly string[]): Promise<void> {
  await runCommand('openssl', args);
}
