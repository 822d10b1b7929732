import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Engine } from '../../providers/engine/docker-command.ts';
import { makeAuthority } from '../certificates.ts';
import type { DoctorStack } from './doctor-stack.ts';
import { waitForFindings } from './check-faults.ts';
import { startOutsideWorld } from './outside-world.ts';

const host = 'auth.meet-gen.test';
const good = { altName: `DNS:${host}`, days: 60 };

/** A certificate that the doctor must report. */
interface CertificateFault {
  readonly name: string;
  readonly made: { readonly altName: string; readonly days: number };
  /** Signed by an authority that the doctor doesn't trust. */
  readonly isUntrusted?: true;
  readonly finds: string;
  readonly what: RegExp;
}

export const certificateFaults: readonly CertificateFault[] = [
  {
    name: 'of another name',
    made: { altName: 'DNS:other.meet-gen.test', days: 60 },
    finds: 'tls failure keycloak',
    what: /ERR_TLS_CERT_ALTNAME_INVALID|altnames/,
  },
  { name: 'that ends soon', made: { ...good, days: 5 }, finds: 'tls warning keycloak', what: /expires in [45] days/ },
  { name: 'that has ended', made: { ...good, days: -1 }, finds: 'tls failure keycloak', what: /CERT_HAS_EXPIRED/ },
  {
    name: 'of an untrusted authority',
    made: good,
    isUntrusted: true,
    finds: 'tls failure keycloak',
    what: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER/,
  },
];

/** Keycloak with a public name: a DNS of the test, and certificates of an authority that the doctor trusts. */
export interface PublicName {
  /**
   * The doctor must report a name that the DNS doesn't have, and nothing once the DNS has it with a good certificate.
   */
  checkDns(): Promise<void>;
  checkCertificate(fault: CertificateFault): Promise<void>;
  remove(): Promise<void>;
}

/** Gives the Keycloak of a Meet a public name. */
export async function startPublicName(engine: Engine, idleImage: string, stack: DoctorStack): Promise<PublicName> {
  const folder = await mkdtemp(join(tmpdir(), 'mg-'));
  await chmod(folder, 0o755);
  const [trusted, untrusted] = [await makeAuthority(join(folder, 'ca')), await makeAuthority(join(folder, 'untrusted'))];
  const outside = await startOutsideWorld(engine, idleImage, `${stack.project}_internal`);
  const trusting = ['--dns', outside.address, '--volume', `${trusted.caFile}:/ca.pem:ro`, '--env', 'NODE_EXTRA_CA_CERTS=/ca.pem'];
  const urls = ['AUTHORIZATION', 'LOGOUT'].map((name) => `OIDC_OP_${name}_ENDPOINT: https://${host}/${name}`);
  await stack.change(
    [
      `services:\n  keycloak:\n    environment: { VIRTUAL_HOST: ${host}, LETSENCRYPT_HOST: ${host} }`,
      `services:\n  backend:\n    environment: { ${urls.join(', ')} }`,
    ],
    ['keycloak', 'backend'],
  );
  return {
    async checkDns() {
      const certificates = await trusted.issue('good', good);
      await outside.serve([], certificates);
      const { findings, code } = await waitForFindings(stack, ['dns failure keycloak'], trusting);
      expect(code).toBe(7);
      expect(findings[0]).toMatchObject({ what: `the DNS has no address for ${host}`, paste: [expect.stringContaining(`${host}.`)] });
      await outside.serve([host], certificates);
      const { ok } = await waitForFindings(stack, [], trusting);
      expect(ok.length).toBeGreaterThan(0);
    },
    async checkCertificate({ name, made, isUntrusted, finds, what }) {
      await outside.serve([host], await (isUntrusted === true ? untrusted : trusted).issue(name, made));
      const { findings } = await waitForFindings(stack, [finds], trusting);
      expect(findings[0]?.what).toMatch(what);
    },
    async remove() {
      await outside.remove();
      await rm(folder, { recursive: true });
    },
  };
}
