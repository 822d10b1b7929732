import type { Facts, Inspection, Subject } from '../facts/facts.ts';
import { composeLines, connectLines, inspectEach, subjectsOf, portsOf, recreate, routingFrontends, shareNetwork } from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';
import { partsOfMeet } from '../facts/part.ts';

const noProxy = unchecked('there is no nginx-proxy on this engine');
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
    looksAt: 'whether `VIRTUAL_HOST` is set on the three',
    why: 'nginx-proxy makes a virtual host of each container that has this variable, and of no other',
    cure: 'Set `VIRTUAL_HOST` to the public name.',
    weight: 'failure',
    run: (facts) =>
      judgeBehindProxy(facts, (subject, { environment }) =>
        environment.VIRTUAL_HOST !== undefined || environment.VIRTUAL_HOST_MULTIPORTS !== undefined
          ? ok
          : finding(subject, 'VIRTUAL_HOST is not set, so nginx-proxy does not know it', 'give it its public name', {
              paste: [...composeLines(subject, ['environment:', `  VIRTUAL_HOST: ${exampleHost(subject)}`]), '', recreate(subject)],
            }),
      ),
  },
  {
    id: 'virtual-port',
    title: 'nginx-proxy sends each name to the right port: 8083, 8080, 7880',
    symptom: 'Every page is the SPA and the API answers HTML (frontend), 502 (Keycloak), or rooms never connect (LiveKit).',
    looksAt: '`VIRTUAL_PORT` of the three',
    why: 'without it nginx-proxy takes the one port that the image exposes: for the frontend 8080, which is the SPA without the API',
    cure: 'Set `VIRTUAL_PORT`: the frontend 8083, Keycloak 8080, LiveKit 7880.',
    weight: 'failure',
    run: (facts) => judgeBehindProxy(facts, judgeVirtualPort),
  },
  {
    id: 'certificate-name',
    title: 'acme-companion is asked for a certificate for each virtual host',
    symptom: 'The browser warns of an insecure connection.',
    looksAt: '`LETSENCRYPT_HOST` (or `ACME_HOST`) against `VIRTUAL_HOST`, where an acme-companion runs',
    why: 'acme-companion gets certificates for the names in this variable alone',
    cure: 'Set `LETSENCRYPT_HOST` to the same names as `VIRTUAL_HOST`.',
    weight: 'failure',
    run: (facts) =>
      subjectsOf(facts, 'acme-companion').length === 0
        ? [unchecked('there is no acme-companion on this engine: certificates come from elsewhere')]
        : judgeBehindProxy(facts, judgeCertificateName),
  },
  {
    id: 'proxy-network',
    title: 'nginx-proxy shares a network with frontend, Keycloak and LiveKit',
    symptom: 'nginx-proxy answers 502 or 503 for the name.',
    looksAt: 'the networks of the containers',
    why: 'containers reach each other on a common network only',
    cure: "Put both on nginx-proxy's network.",
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
    title: "nginx-proxy's limits are no smaller than Meet's",
    symptom: 'Uploads of more than 1 MB fail with 413; long requests end with 504 after a minute.',
    looksAt: "`client_max_body_size` and `proxy_read_timeout` in `/etc/nginx/vhost.d/<host>` and nginx-proxy's own `conf.d`",
    why: "the outer nginx decides first: its defaults of 1 MB and 60 s win over Meet's 100M and 300s",
    cure: 'Put both into a file named after the host in `/etc/nginx/vhost.d` of nginx-proxy.',
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
    title: 'no container of Meet carries a label that acme-companion takes for nginx-proxy',
    symptom: 'After a renewal nginx-proxy serves the old certificate, or a container of Meet is signalled for no reason.',
    looksAt: 'labels that start with `com.github.nginx-proxy.` or `com.github.jrcs.letsencrypt_nginx_proxy_companion.`',
    why: 'acme-companion reloads the container that carries them, instead of nginx-proxy',
    cure: 'Remove these labels from the containers of Meet.',
    weight: 'failure',
    run: (facts) =>
      subjectsOf(facts, ...partsOfMeet).map((subject) => {
        const found = acmeCompanionLabels.find((key) => subject.container.labels[key] !== undefined);
        if (found === undefined) return ok;
        const cure = `remove the label ${found} from it, then: ${recreate(subject)}`;
        return finding(subject, `the label ${found} makes acme-companion take it for nginx-proxy`, cure);
      }),
  },
];

/** The three that have a virtual host. */
function publicSubjects(facts: Facts): readonly Subject[] {
  return [...routingFrontends(facts.subjects), ...subjectsOf(facts, 'keycloak', 'livekit')];
}

function judgeBehindProxy(facts: Facts, look: (subject: Subject, inspection: Inspection) => Outcome): readonly Outcome[] {
  return subjectsOf(facts, 'outer-proxy').length === 0 ? [noProxy] : inspectEach(publicSubjects(facts), look);
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
    port === undefined ? 'VIRTUAL_PORT is not set' : port.value === undefined ? 'VIRTUAL_PORT is no port' : `VIRTUAL_PORT is ${port.value}`;
  return finding(subject, `${now}, so nginx-proxy sends its name to another port than ${wanted}`, `set it to ${wanted}`, { paste });
}

function judgeCertificateName(subject: Subject, { environment }: Inspection): Outcome {
  const hosts = environment.VIRTUAL_HOST?.value;
  if (hosts === undefined) return unchecked(`${subject.container.name} has no VIRTUAL_HOST that could be read`);
  const { LETSENCRYPT_HOST: old, ACME_HOST: fresh } = environment;
  const asked = new Set([...(old?.value ?? []), ...(fresh?.value ?? [])]);
  const missing = hosts.filter((host) => !asked.has(host));
  if (missing.length === 0) return ok;
  return finding(subject, `no certificate is asked for ${missing.join(', ')}`, 'set LETSENCRYPT_HOST to the same names as VIRTUAL_HOST', {
    paste: [...composeLines(subject, ['environment:', `  LETSENCRYPT_HOST: ${hosts.join(',')}`]), '', recreate(subject)],
  });
}

function noProxyNetwork(subject: Subject, proxy: Subject): Outcome {
  const [network] = proxy.container.networks;
  const name = network === undefined ? 'proxy' : network.name;
  return finding(subject, 'it is on no network that nginx-proxy is on', "put it on nginx-proxy's network", {
    paste: connectLines(subject, name, 'until the next recreate; in compose: networks: [..., proxy]'),
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
  if (host === undefined) return unchecked(`${subject.container.name} has no VIRTUAL_HOST that could be read`);
  const inner = innerLimits(facts, subject);
  const outer = outerLimits(host, files.value);
  const isTooSmall = !atLeast(outer.bodyBytes, inner.bodyBytes) || outer.readSeconds < inner.readSeconds;
  if (!isTooSmall) return ok;
  const has = `${inWords(outer.bodyBytes)} and ${outer.readSeconds} s`;
  return finding(
    subject,
    `for ${host} nginx-proxy (${proxy.container.name}) allows ${has}, Meet ${inWords(inner.bodyBytes)} and ${inner.readSeconds} s`,
    `give nginx-proxy a file /etc/nginx/vhost.d/${host} with these lines, and reload it; in compose: a config as in compose.example.yml`,
    {
      paste: [
        `client_max_body_size ${inner.bodyBytes === 0 ? '0' : `${Math.ceil(inner.bodyBytes / 1024 ** 2)}m`};`,
        `proxy_read_timeout ${inner.readSeconds}s;`,
        `proxy_send_timeout ${inner.readSeconds}s;`,
      ],
    },
  );
}

/** 0 is no limit. */
function atLeast(outer: number, inner: number): boolean {
  return outer === 0 || (inner !== 0 && outer >= inner);
}

function inWords(bytes: number): string {
  return bytes === 0 ? 'bodies of any size' : `${Math.round(bytes / 1024 ** 2)} MB`;
}

function innerLimits(facts: Facts, subject: Subject): Limits {
  const body = readSize(subject.container.labels['meet.body-size'] ?? '100M') ?? 100 * 1024 ** 2;
  const times = subjectsOf(facts, 'backend').map(({ container }) => readSeconds(container.labels['meet.read-timeout'] ?? '300s') ?? 300);
  return { bodyBytes: body, readSeconds: Math.max(300, ...times) };
}

/** nginx-proxy includes the host's own file, or `default` where there is none; what is in conf.d holds for all hosts. */
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
