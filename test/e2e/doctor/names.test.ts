import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority, type Authority } from '../../support/certificates.ts';
import { startDoctorStack, type DoctorStack } from '../../support/doctor/doctor-stack.ts';
import { saysExactly } from '../../support/doctor/ordeal.ts';
import { startOutsideWorld, type OutsideWorld } from '../../support/doctor/outside-world.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';

// With a DNS of the test's own, and certificates of an authority that the doctor is told to trust.

const host = 'auth.meet-gen.test';
let folder = '';
let authority: Authority;
let stack: DoctorStack;
let outside: OutsideWorld;
let seen: readonly string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mg-'));
  await chmod(folder, 0o755);
  authority = await makeAuthority(join(folder, 'ca'));
  const [engine, images] = [providedEngine(), providedImages()];
  stack = await startDoctorStack(engine, images, 'doctor-names');
  outside = await startOutsideWorld(engine, images.idle, `${stack.project}_internal`);
  seen = ['--dns', outside.address, '--volume', `${authority.caFile}:/ca.pem:ro`, '--env', 'NODE_EXTRA_CA_CERTS=/ca.pem'];
  await stack.change(`services:\n  keycloak:\n    environment: { VIRTUAL_HOST: ${host}, LETSENCRYPT_HOST: ${host} }`, ['keycloak']);
});
afterAll(async () => {
  await outside?.remove();
  await stack?.remove();
  await rm(folder, { recursive: true });
});

test('a name that the DNS does not have, then has', async () => {
  const certificates = await authority.issue('good', { altName: `DNS:${host}`, days: 60 });
  await outside.become([], certificates);
  const { findings, code } = await saysExactly(stack, ['dns failure keycloak'], seen);
  expect(code).toBe(7);
  expect(findings[0]).toMatchObject({ what: `the DNS has no address for ${host}`, paste: [expect.stringContaining(`${host}.`)] });
  await outside.become([host], certificates);
  const { ok } = await saysExactly(stack, [], seen);
  expect(ok.length).toBeGreaterThan(0);
});

test.each([
  {
    name: 'of another name',
    altName: 'DNS:other.meet-gen.test',
    days: 60,
    finds: 'tls failure keycloak',
    what: /ERR_TLS_CERT_ALTNAME_INVALID|altnames/,
  },
  { name: 'that has ended', altName: `DNS:${host}`, days: -1, finds: 'tls failure keycloak', what: /CERT_HAS_EXPIRED/ },
  { name: 'that ends soon', altName: `DNS:${host}`, days: 5, finds: 'tls warning keycloak', what: /ends in [45] days/ },
])('a certificate $name, then a good one', async ({ name, altName, days, finds, what }) => {
  await outside.become([host], await authority.issue(`bad ${name}`, { altName, days }));
  const { findings } = await saysExactly(stack, [finds], seen);
  expect(findings[0]?.what).toMatch(what);
  await outside.become([host], await authority.issue(`good after ${name}`, { altName: `DNS:${host}`, days: 60 }));
  await saysExactly(stack, [], seen);
});

test('a certificate of an authority that nobody trusts', async () => {
  const stranger = await makeAuthority(join(folder, 'stranger'));
  await outside.become([host], await stranger.issue('strange', { altName: `DNS:${host}`, days: 60 }));
  const { findings } = await saysExactly(stack, ['tls failure keycloak'], seen);
  expect(findings[0]?.what).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER/);
});
