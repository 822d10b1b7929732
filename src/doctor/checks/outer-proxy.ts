import type { Facts, Inspection, Subject } from '../facts/facts.ts';
import { composeLines, connectLines, inspectEach, subjectsOf, portsOf, recreate, routingFrontends, shareNetwork } from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';
import { partsOfMeet } from '../facts/part.ts';

const noProxy = unchecked('this engine has no nginx-proxy');
/** Labels by which acme-companion finds the container to reload. */
const acmeCompanionLabels = [
  'com.github.nginx-proxy.nginx',
  'com.github.nginx-proxy.docker-gen',
  'com.github.nginx-proxy.nginx-proxy.nginx',
  'com.github.jrcs.letsencrypt_nginx_proxy_companion.nginx_proxy',
  'com.github.jrcs.letsencrypt_nginx_proxy_companion.docker_gen',
] as const;

export const outerProxyChecks: readonly Check[] = [
  {
    id: 'virtual-host',
    title: 'frontend, Keycloak and LiveKit each have a virtual host',
    symptom: 'nginx-proxy answers 503 for the name.',
    looksAt: '`VIRTUAL_HOST` of the three containers',
    why: 'nginx-proxy makes a virtual host only for containers with this variable',
    cure: 'Set `VIRTUAL_HOST` to the public name.',
    weight: 'failure',
    run: (facts) =>
      judgeBehindProxy(facts, (subject, { environment }) =>
        environment.VIRTUAL_HOST !== undefined || environment.VIRTUAL_HOST_MULTIPORTS !== undefined
          ? ok
          : finding(subject, 'VIRTUAL_HOST is not set, so nginx-proxy ignores the container', 'set VIRTUAL_HOST to the public name', {
              paste: [...composeLines(subject, ['environment:', `  VIRTUAL_HOST: ${exampleHost(subject)}`]), '', recreate(subject)],
            }),
      ),
  },
  {
    id: 'virtual-port',
    title: 'nginx-proxy sends each name to the right port: 8083, 8080, 7880',
    symptom: 'Every page is the SPA and the API answers HTML (frontend), 502 (Keycloak), or rooms never connect (LiveKit).',
    looksAt: '`VIRTUAL_PORT` of the three containers',
    why: 'without this variable nginx-proxy uses the port that the image exposes: for the frontend 8080, the SPA without the API',
    cure: 'Set `VIRTUAL_PORT`: 8083 for the frontend, 8080 for Keycloak, 7880 for LiveKit.',
    weight: 'failure',
    run: (facts) => judgeBehindProxy(facts, judgeVirtualPort),
  },
  {
    id: 'certificate-name',
    title: 'acme-companion gets a certificate for each virtual host',
    symptom: 'The browser warns of an insecure connection.',
    looksAt: '`LETSENCRYPT_HOST` (or `ACME_HOST`) against `VIRTUAL_HOST`, if an acme-companion runs',
    why: 'acme-companion only gets certificates for the names in this variable',
    cure: 'Set `LETSENCRYPT_HOST` to the same names as `VIRTUAL_HOST`.',
    weight: 'failure',
    run: (facts) =>
      subjectsOf(facts, 'acme-companion').length === 0
        ? [unchecked('this engine has no acme-companion, so another program gets the certificates')]
        : judgeBehindProxy(facts, judgeCertificateName),
  },
  {
    id: 'proxy-network',
    title: 'nginx-proxy shares a network with frontend, Keycloak and LiveKit',
    symptom: 'nginx-proxy answers 502 or 503 for the name.',
    looksAt: 'the networks of the containers',
    why: 'containers only reach each other on a common network',
    cure: "Connect the container to nginx-proxy's network.",
    weight: 'failure',
    run: (facts) => {
      const proxies = subjectsOf(facts, 'outer-proxy');
      if (proxies.length === 0) return [noProxy];
      return publicSubjects(facts).map((subject) =>
        proxies.some((proxy) => shareNetwork(proxy, subject)) ? ok : noProxyNetwork(subject, proxies[0] ?? subject),
      );
    },
  },
  {
    id: 'proxy-limits',
    title: "nginx-proxy's limits are at least as large as Meet's",
    symptom: 'Uploads of more than 1 MB fail with 413; long requests end with 504 after a minute.',
    looksAt: "`client_max_body_size` and `proxy_read_timeout` in `/etc/nginx/vhost.d/<host>` and nginx-proxy's own `conf.d`",
    why: "every request passes nginx-proxy first, whose defaults of 1 MB and 60 s are below Meet's 100M and 300s",
    cure: 'Set both in a file with the name of the host in `/etc/nginx/vhost.d` of nginx-proxy.',
    weight: 'warning',
    run: (facts) => {
      const proxies = subjectsOf(facts, 'outer-proxy').filter(({ container }) => container.state === 'running');
      if (proxies.length === 0) return [noProxy];
      return routingFrontends(facts.subjects).flatMap((subject) =>
        proxies.filter((proxy) => shareNetwork(proxy, subject)).map((proxy) => judgeLimits(facts, subject, proxy)),
      );
    },
  },
  {
    id: 'proxy-labels',
    title: 'no container of Meet has a label that marks nginx-proxy for acme-companion',
    symptom: 'After a renewal nginx-proxy serves the old certificate, or a container of Meet gets a signal without reason.',
    looksAt: 'labels that start with `com.github.nginx-proxy.` or `com.github.jrcs.letsencrypt_nginx_proxy_companion.`',
    why: 'acme-companion reloads the container with such a label, instead of nginx-proxy',
    cure: 'Remove these labels from the containers of Meet.',
    weight: 'failure',
    run: (facts) =>
      subjectsOf(facts, ...partsOfMeet).map((subject) => {
        const found = acmeCompanionLabels.find((key) => subject.container.labels[key] !== undefined);
        if (found === undefined) return ok;
        const cure = `remove the label ${found}, then run: ${recreate(subject)}`;
        return finding(subject, `because of the label ${found}, acme-companion treats the container as nginx-proxy`, cure);
      }),
  },
];

/** The subjects that need a virtual host. */
function publicSubjects(facts: Facts): readonly Subject[] {
  return [...routingFrontends(facts.subjects), ...subjectsOf(facts, 'keycloak', 'livekit')];
}

function judgeBehindProxy(facts: Facts, judge: (subject: Subject, inspection: Inspection) => Outcome): readonly Outcome[] {
  return subjectsOf(facts, 'outer-proxy').length === 0 ? [noProxy] : inspectEach(publicSubjects(facts), judge);
}

function exampleHost({ part }: Subject): string {
  return part === 'keycloak' ? 'auth.example.com' : part === 'livekit' ? 'livekit.example.com' : 'visio.example.com';
}

function judgeVirtualPort(subject: Subject, { environment }: Inspection): Outcome {
  if (environment.VIRTUAL_HOST === undefined) return unchecked(`${subject.container.name} has no VIRTUAL_HOST`);
  const wanted = subject.part === 'keycloak' ? 8080 : subject.part === 'livekit' ? 7880 : portsOf(subject).listen;
  const { VIRTUAL_PORT: port } = environment;
  if (port?.value === wanted) return ok;
  const paste = [...composeLines(subject, ['environment:', `  VIRTUAL_PORT: "${wanted}"`]), '', recreate(subject)];
  const now =
    port === undefined
      ? 'VIRTUAL_PORT is not set'
      : port.value === undefined
        ? 'VIRTUAL_PORT is not a port'
        : `VIRTUAL_PORT is ${port.value}`;
  return finding(subject, `${now}, but nginx-proxy must send requests to port ${wanted}`, `set VIRTUAL_PORT to ${wanted}`, { paste });
}

function judgeCertificateName(subject: Subject, { environment }: Inspection): Outcome {
  const hosts = environment.VIRTUAL_HOST?.value;
  if (hosts === undefined) return unchecked(`${subject.container.name} has no readable VIRTUAL_HOST`);
  const { LETSENCRYPT_HOST: oldName, ACME_HOST: newName } = environment;
  const requested = new Set([...(oldName?.value ?? []), ...(newName?.value ?? [])]);
  const missing = hosts.filter((host) => !requested.has(host));
  if (missing.length === 0) return ok;
  return finding(
    subject,
    `acme-companion gets no certificate for ${missing.join(', ')}`,
    'set LETSENCRYPT_HOST to the same names as VIRTUAL_HOST',
    {
      paste: [...composeLines(subject, ['environment:', `  LETSENCRYPT_HOST: ${hosts.join(',')}`]), '', recreate(subject)],
    },
  );
}

function noProxyNetwork(subject: Subject, proxy: Subject): Outcome {
  const [network] = proxy.container.networks;
  const name = network === undefined ? 'proxy' : network.name;
  return finding(subject, 'no common network with nginx-proxy', "connect the container to nginx-proxy's network", {
    paste: connectLines(subject, name, 'works until the next recreate; in compose: networks: [..., proxy]'),
  });
}

interface Limits {
  readonly bodyBytes: number;
  readonly readSeconds: number;
}

const outerDefaults: Limits = { bodyBytes: 1024 ** 2, readSeconds: 60 };

function judgeLimits(facts: Facts, subject: Subject, proxy: Subject): Outcome {
  const files = facts.proxyFiles.get(proxy.container.id);
  if (files === undefined || !files.known) return unchecked(`${proxy.container.name}: ${files?.why ?? 'its files were not read'}`);
  const hosts = subject.inspection.known ? subject.inspection.value.environment.VIRTUAL_HOST?.value : undefined;
  const [host] = hosts ?? [];
  if (host === undefined) return unchecked(`${subject.container.name} has no readable VIRTUAL_HOST`);
  const inner = innerLimits(facts, subject);
  const outer = outerLimits(host, files.value);
  const isTooSmall = !atLeast(outer.bodyBytes, inner.bodyBytes) || outer.readSeconds < inner.readSeconds;
  if (!isTooSmall) return ok;
  const allowed = `${sizeText(outer.bodyBytes)} and ${outer.readSeconds} s`;
  return finding(
    subject,
    `for ${host} nginx-proxy (${proxy.container.name}) allows ${allowed}, but Meet needs ${sizeText(inner.bodyBytes)} and ${inner.readSeconds} s`,
    `add the file /etc/nginx/vhost.d/${host} with these lines to nginx-proxy, and reload nginx-proxy; in compose: a config as in compose.example.yml`,
    {
      paste: [
        `client_max_body_size ${inner.bodyBytes === 0 ? '0' : `${Math.ceil(inner.bodyBytes / 1024 ** 2)}m`};`,
        `proxy_read_timeout ${inner.readSeconds}s;`,
        `proxy_send_timeout ${inner.readSeconds}s;`,
      ],
    },
  );
}

/** 0 means no limit. */
function atLeast(outer: number, inner: number): boolean {
  return outer === 0 || (inner !== 0 && outer >= inner);
}

function sizeText(bytes: number): string {
  return bytes === 0 ? 'bodies of any size' : `${Math.round(bytes / 1024 ** 2)} MB`;
}

function innerLimits(facts: Facts, subject: Subject): Limits {
  const body = readSize(subject.container.labels['meet.body-size'] ?? '100M') ?? 100 * 1024 ** 2;
  const times = subjectsOf(facts, 'backend').map(({ container }) => readSeconds(container.labels['meet.read-timeout'] ?? '300s') ?? 300);
  return { bodyBytes: body, readSeconds: Math.max(300, ...times) };
}

/** nginx-proxy includes the file of the host, else `default`. Files in conf.d are for all hosts. */
function outerLimits(host: string, files: ReadonlyMap<string, string>): Limits {
  const vhosts = '/etc/nginx/vhost.d/';
  const pick = (suffix: string): string => files.get(`${vhosts}${host}${suffix}`) ?? files.get(`${vhosts}default${suffix}`) ?? '';
  const proxyWide = [...files]
    .filter(([path]) => path.startsWith('/etc/nginx/conf.d/') && !path.endsWith('/default.conf'))
    .map(([, text]) => text);
  const texts = [pick('_location'), pick(''), ...proxyWide];
  const first = (directive: RegExp): string | undefined => texts.flatMap((text) => directive.exec(withoutComments(text))?.[1] ?? [])[0];
  return {
    bodyBytes: readSize(first(/(?:^|[;{}\s])client_max_body_size\s+([0-9]+[kKmMgG]?)\s*;/) ?? '') ?? outerDefaults.bodyBytes,
    readSeconds: readSeconds(first(/(?:^|[;{}\s])proxy_read_timeout\s+([0-9]+(?:ms|s|m|h|d)?)\s*;/) ?? '') ?? outerDefaults.readSeconds,
  };
}

function withoutComments(text: string): string {
  return text.replace(/#.*$/gm, '');
}

function readSize(text: string): number | undefined {
  const match = /^([0-9]{1,9})([kmg]?)$/i.exec(text);
  if (match === null) return undefined;
  const unit = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[(match[2] ?? '').toLowerCase()] ?? 1;
  return Number(match[1]) * unit;
}

function readSeconds(text: string): number | undefined {
  const match = /^([0-9]{1,6})(ms|s|m|h|d)?$/.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * ({ ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }[match[2] ?? 's'] ?? 1);
}
