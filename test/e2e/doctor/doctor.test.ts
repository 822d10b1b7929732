import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority, type Authority } from '../../support/certificates.ts';
import { startDoctorStack, type DoctorStack } from '../../support/doctor/doctor-stack.ts';
import { faults } from '../../support/doctor/faults.ts';
import { saysExactly, undergo } from '../../support/doctor/ordeal.ts';
import { startOutsideWorld, type OutsideWorld } from '../../support/doctor/outside-world.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';

// One round for each kind of thing that the doctor looks at. Every fault by itself: endurance/doctor.test.ts.

let stack: DoctorStack;

beforeAll(async () => {
  stack = await startDoctorStack(providedEngine(), providedImages(), 'doctor');
});
afterAll(() => stack?.remove());

test('a healthy topology has no finding', async () => {
  expect(await saysExactly(stack, [])).toMatchObject({ code: 0, summary: { failures: 0, warnings: 0 } });
  expect(await stack.report()).toMatch(/^Not checked:[^]*\n0 failures, 0 warnings, \d+ not checked, \d+ ok\.\n$/);
});

const rounds = [...new Set(faults.flatMap(({ round }) => round ?? []))];

test.each(rounds)('%s: found, fixed as the cures say, gone', (round) =>
  undergo(
    stack,
    faults.filter((fault) => fault.round === round),
  ),
);

describe('names and certificates, with a DNS of the test and an authority that the doctor is told to trust', () => {
  const host = 'auth.meet-gen.test';
  const good = { altName: `DNS:${host}`, days: 60 };
  let folder = '';
  let authority: Authority;
  let outside: OutsideWorld;
  let trusting: readonly string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mg-'));
    await chmod(folder, 0o755);
    authority = await makeAuthority(join(folder, 'ca'));
    outside = await startOutsideWorld(providedEngine(), providedImages().idle, `${stack.project}_internal`);
    trusting = ['--dns', outside.address, '--volume', `${authority.caFile}:/ca.pem:ro`, '--env', 'NODE_EXTRA_CA_CERTS=/ca.pem'];
    await stack.change([`services:\n  keycloak:\n    environment: { VIRTUAL_HOST: ${host}, LETSENCRYPT_HOST: ${host} }`], ['keycloak']);
  });
  afterAll(async () => {
    await outside?.remove();
    await rm(folder, { recursive: true });
  });

  test('a name that the DNS does not have, then has', async () => {
    const certificates = await authority.issue('good', good);
    await outside.become([], certificates);
    const { findings, code } = await saysExactly(stack, ['dns failure keycloak'], trusting);
    expect(code).toBe(7);
    expect(findings[0]).toMatchObject({ what: `the DNS has no address for ${host}`, paste: [expect.stringContaining(`${host}.`)] });
    await outside.become([host], certificates);
    const { ok } = await saysExactly(stack, [], trusting);
    expect(ok.length).toBeGreaterThan(0);
  });

  test.each([
    { name: 'of another name', made: { altName: 'DNS:other.meet-gen.test', days: 60 }, what: /ERR_TLS_CERT_ALTNAME_INVALID|altnames/ },
    { name: 'that has ended', made: { ...good, days: -1 }, what: /CERT_HAS_EXPIRED/ },
    { name: 'that ends soon', made: { ...good, days: 5 }, finds: 'tls warning keycloak', what: /ends in [45] days/ },
  ])('a certificate $name', async ({ name, made, finds = 'tls failure keycloak', what }) => {
    await outside.become([host], await authority.issue(name, made));
    const { findings } = await saysExactly(stack, [finds], trusting);
    expect(findings[0]?.what).toMatch(what);
  });

  test('a certificate of an authority that nobody trusts', async () => {
    const stranger = await makeAuthority(join(folder, 'stranger'));
    await outside.become([host], await stranger.issue('strange', good));
    const { findings } = await saysExactly(stack, ['tls failure keycloak'], trusting);
    expect(findings[0]?.what).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER/);
  });
});
