import type { NameFacts, Subject } from '../facts/facts.ts';
import { isExampleName, ofSameMeet, publicNames } from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';

const soonDays = 14;

/** Explains Node's error codes (TLS, certificate verification). */
const certificateFaults: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is self-signed, like nginx-proxy's default certificate",
  SELF_SIGNED_CERT_IN_CHAIN: 'the authority is unknown',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the authority is unknown, or the chain is incomplete',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the authority is unknown',
};

export const nameChecks: readonly Check[] = [
  {
    id: 'dns',
    title: 'every public name is in the DNS, and all names of a Meet point to the same server',
    symptom: "The browser says that the site can't be found, the login page never appears, or rooms never connect.",
    looksAt: "the addresses of the names in `VIRTUAL_HOST` and `meet.host`, looked up from the doctor's container",
    why: 'browsers reach Meet, Keycloak and LiveKit by three names, and only names that point to this server get certificates',
    cure: 'Create an A record (and AAAA, with IPv6) for each of the three names at your DNS provider, all with the address of this server.',
    weight: 'failure',
    run: (facts) => {
      const names = [...publicNames(facts)];
      const resolved = names.map(([host, subject]) => judgeResolution(host, subject, facts.names.get(host)));
      return [...resolved, ...differingNames(names, facts.names)];
    },
  },
  {
    id: 'tls',
    title: 'every public name has a certificate that browsers trust',
    symptom: 'The browser warns of an insecure connection; the login fails after the redirect; the microphone is not available.',
    looksAt: 'a TLS connection to port 443 of each public name, as from a browser',
    why: 'browsers give camera and microphone only to secure pages, and the backend needs a trusted certificate of Keycloak',
    cure: 'Read the log of acme-companion (`docker logs`). It needs port 80 open to the internet, the DNS records, and `LETSENCRYPT_HOST` on the containers.',
    weight: 'failure',
    run: (facts) => [...publicNames(facts)].map(([host, subject]) => judgeTls(host, subject, facts.names.get(host))),
  },
];

function judgeResolution(host: string, subject: Subject, facts: NameFacts | undefined): Outcome {
  if (facts === undefined) return unchecked(`${host} was not looked up`);
  const { resolution } = facts;
  if (resolution.kind === 'addresses') return ok;
  if (resolution.kind === 'unclear') return unchecked(`${host} could not be looked up from the doctor's container: ${resolution.reason}`);
  if (isExampleName(host)) return unchecked(`${host} is a name for documentation, which no DNS has`);
  return finding(
    subject,
    `the DNS has no address for ${host}`,
    "create this DNS record at your provider, with this server's public address",
    {
      paste: [`${host}.  3600  IN  A  <this server's public address>`],
    },
  );
}

/** Findings for names of a Meet with another address than the frontend's name. */
function differingNames(names: readonly (readonly [string, Subject])[], facts: ReadonlyMap<string, NameFacts>): readonly Outcome[] {
  const addressesOf = (host: string): string => {
    const resolution = facts.get(host)?.resolution;
    return resolution?.kind === 'addresses' ? resolution.addresses.toSorted().join(', ') : '';
  };
  return names.flatMap(([host, subject]) => {
    if (subject.part !== 'frontend' && subject.part !== 'router') return [];
    const meets = ofSameMeet(
      subject,
      names.map(([, owner]) => owner),
    );
    const others = names.filter(([name, owner]) => name !== host && meets.includes(owner) && addressesOf(name) !== '');
    const elsewhere = others.filter(([name]) => addressesOf(host) !== '' && addressesOf(name) !== addressesOf(host));
    return elsewhere.map(([name, owner]) =>
      finding(
        owner,
        `${name} points to ${addressesOf(name)}, but ${host} to ${addressesOf(host)}`,
        'give all names of this Meet the same address in the DNS, unless different machines serve them on purpose',
        { severity: 'warning' },
      ),
    );
  });
}

function judgeTls(host: string, subject: Subject, facts: NameFacts | undefined): Outcome {
  const tls = facts?.tls;
  if (tls === undefined) return unchecked(`${host} has no address to connect to`);
  const cure =
    'read the log of acme-companion, which needs port 80 open to the internet, the DNS record, and LETSENCRYPT_HOST on this container';
  const paste = ['docker logs --tail 50 <the acme-companion container>'];
  if (tls.kind === 'unreachable')
    return unchecked(`no connection to ${host}:443 from the doctor's container (${tls.reason}); try https://${host}/ in a browser`);
  if (tls.kind === 'refused') {
    return finding(
      subject,
      `no server listens on port 443 at the address of ${host}`,
      'publish 80 and 443 of nginx-proxy, or correct the DNS record',
      {
        paste: ['services:', '  nginx-proxy:', '    ports: ["80:80", "443:443"]'],
      },
    );
  }
  if (tls.kind === 'untrusted') {
    return finding(
      subject,
      `browsers do not trust the certificate of ${host}: ${certificateFaults[tls.reason] ?? 'the code says why'} (${tls.reason})`,
      cure,
      { paste },
    );
  }
  if (tls.daysLeft < soonDays) {
    return finding(subject, `the certificate of ${host} expires in ${tls.daysLeft} days and was not renewed`, cure, {
      severity: 'warning',
      paste,
    });
  }
  return ok;
}
