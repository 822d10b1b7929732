import { networkOwnerOf } from '../../model/network-owner.ts';
import type { PortRange, UrlPlace } from '../facts/environment.ts';
import type { Facts, Inspection, Subject, PublishedPort } from '../facts/facts.ts';
import {
  browserUrls,
  composeLines,
  inspectEach,
  ofSameMeet,
  subjectsOf,
  publicPatternsOf,
  recreate,
  routingFrontends,
  runningOf,
} from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome, Weight } from '../facts/outcome.ts';
import type { Part } from '../facts/facts.ts';

export const loginAndCallChecks: readonly Check[] = [
  {
    id: 'keycloak-proxy',
    title: 'Keycloak is configured for a proxy, with its public name',
    symptom: 'The login page is blank, answers 403 or "HTTPS required", or redirects to http:// or to a wrong host.',
    looksAt: '`KC_HOSTNAME`, `KC_PROXY_HEADERS` and `KC_HTTP_ENABLED` (or the options of the same names on the command line)',
    why: 'TLS ends at nginx-proxy, so Keycloak must accept HTTP, trust X-Forwarded-*, and write its public name into tokens',
    cure: 'Set all three: `KC_HOSTNAME` to the public URL, `KC_PROXY_HEADERS=xforwarded`, `KC_HTTP_ENABLED=true`.',
    weight: 'failure',
    run: (facts) => inspectEach(subjectsOf(facts, 'keycloak'), judgeKeycloak),
  },
  {
    id: 'browser-urls',
    title: "the backend sends browsers to Meet's public names",
    symptom: 'The login ends with "site can\'t be found"; rooms open but never connect.',
    looksAt:
      'the hosts in `LIVEKIT_API_URL`, `OIDC_OP_AUTHORIZATION_ENDPOINT`, `OIDC_OP_LOGOUT_ENDPOINT` and the redirect URLs, against the public names of LiveKit, Keycloak and the frontend',
    why: 'browsers get these URLs unchanged, and can not use a name inside Docker, a wrong name, or plain HTTP for LiveKit',
    cure: 'Start each URL with `https://` and the name in `VIRTUAL_HOST` of its container, and keep the path.',
    weight: 'failure',
    run: (facts) => subjectsOf(facts, 'backend').flatMap((subject) => judgeUrls(facts, subject)),
  },
  {
    id: 'livekit-ports',
    title: "LiveKit's media ports are published on the host",
    symptom: 'Rooms open without picture and sound.',
    looksAt:
      'the published ports of LiveKit, or of the container whose network it uses, against `tcp_port`, `udp_port` and `port_range_start`/`_end` in `LIVEKIT_CONFIG`',
    why: 'media goes directly from the browser to LiveKit, on the port numbers that LiveKit announces; nginx can not proxy UDP',
    cure: 'Publish the ports under the same numbers, on all addresses, and open them in the firewall.',
    weight: 'failure',
    run: (facts) => inspectEach(runningOf(facts, 'livekit'), (subject, inspection) => judgeLivekit(facts, subject, inspection)),
  },
];

function judgeKeycloak(subject: Subject, { environment }: Inspection): Outcome {
  const host = environment.VIRTUAL_HOST?.value?.[0] ?? 'auth.example.com';
  const lines = [
    ...(environment.KC_HOSTNAME === undefined ? [`KC_HOSTNAME: https://${host}`] : []),
    ...(environment.KC_PROXY_HEADERS?.value !== undefined || environment.KC_PROXY?.value === 'edge'
      ? []
      : ['KC_PROXY_HEADERS: xforwarded']),
    // The old KC_PROXY=edge turned HTTP on as well.
    ...(environment.KC_HTTP_ENABLED?.value === 'true' || environment.KC_PROXY?.value === 'edge' ? [] : ['KC_HTTP_ENABLED: "true"']),
  ];
  if (lines.length === 0) return ok;
  const names = lines.map((line) => line.split(':')[0]).join(', ');
  return finding(subject, `settings for a server behind nginx-proxy are missing or wrong: ${names}`, 'add these lines to its environment', {
    paste: [...composeLines(subject, ['environment:', ...lines.map((line) => `  ${line}`)]), '', recreate(subject)],
  });
}

function judgeUrls(facts: Facts, subject: Subject): readonly Outcome[] {
  if (!subject.inspection.known) return [unchecked(`${subject.container.name}: ${subject.inspection.why}`)];
  const { environment } = subject.inspection.value;
  return Object.entries(browserUrls).flatMap(([part, variables]) => {
    const names = ofSameMeet(subject, part === 'frontend' ? routingFrontends(facts.subjects) : subjectsOf(facts, part as Part)).flatMap(
      publicPatternsOf,
    );
    return variables.flatMap((variable) => {
      const place = environment[variable]?.value;
      return place === undefined ? [] : [judgeUrl(facts, subject, { variable, place, names })];
    });
  });
}

interface BrowserUrl {
  readonly variable: string;
  readonly place: UrlPlace;
  /** The public names of the URL's target, with wildcards; empty if no container on this engine is the target. */
  readonly names: readonly string[];
}

function judgeUrl(facts: Facts, subject: Subject, { variable, place, names }: BrowserUrl): Outcome {
  const { scheme, host, port } = place;
  const name = names.find((one) => !one.startsWith('*'));
  const meant = `https://${name ?? 'its public name'}`;
  const isPublic = names.some((one) => one === host || (one.startsWith('*') && host.endsWith(one.slice(1))));
  const isInside = !isPublic && !host.includes('.');
  // LiveKit's URL has no path, so all of it is replaced; its port only if the port is one inside Docker.
  const isReplaced = variable === 'LIVEKIT_API_URL' && (port === undefined || isInside);
  const wrong = (why: string, severity: Weight = 'failure'): Outcome =>
    finding(
      subject,
      `${variable} sends browsers to ${scheme}://${host}, ${why}`,
      isReplaced ? `set ${variable} to ${meant} in .env, or with these lines` : `change the URL to ${meant}, and keep its path`,
      {
        severity,
        paste:
          name === undefined || !isReplaced
            ? []
            : [...composeLines(subject, ['environment:', `  ${variable}: https://${name}`]), '', recreate(subject)],
      },
    );
  if (isInside) return wrong('a name that only works inside Docker');
  const isPlain = scheme === 'http' || scheme === 'ws';
  // An https page may link to plain HTTP, but may not connect to it.
  if (isPlain && variable === 'LIVEKIT_API_URL') return wrong('which is not encrypted: on an https page, browsers refuse that');
  if (names.length === 0 || isPublic) return ok;
  // A redirect after login or logout may lead to any site on purpose.
  const isHarmless = variable.includes('REDIRECT') || isElsewhere(facts, host, name);
  return wrong(`but its public name is ${names.join(', ')}`, isHarmless ? 'warning' : 'failure');
}

/** Whether the host has another address in the DNS than the name, so that another machine may serve it on purpose. */
function isElsewhere({ names }: Facts, host: string, name = ''): boolean {
  const [found, own] = [host, name].map((one) => names.get(one)?.resolution);
  if (found?.kind !== 'addresses') return false;
  return own?.kind !== 'addresses' || !found.addresses.some((address) => own.addresses.includes(address));
}

/** LiveKit's default ports (pkg/config, `Validate`; its page on ports and firewalls). */
const livekitDefaults = { tcp: 7881, udp: { first: 50_000, last: 60_000 } };

function judgeLivekit(facts: Facts, subject: Subject, { environment }: Inspection): Outcome {
  if (subject.container.networkMode === 'host') return ok;
  const { name } = subject.container;
  if (environment.LIVEKIT_CONFIG === undefined)
    return unchecked(`${name}: LIVEKIT_CONFIG is not set, and the doctor reads no configuration file or command line of LiveKit`);
  const owner = ownerOfNetwork(facts, subject);
  if (owner?.inspection.known !== true) return unchecked(`${name}: the published ports of the container whose network it uses are unknown`);
  const { publishedPorts } = owner.inspection.value;
  const { tcp = livekitDefaults.tcp, udp = livekitDefaults.udp } = environment.LIVEKIT_CONFIG.value ?? {};
  const wanted = [
    { range: { first: tcp, last: tcp }, protocol: 'tcp' as const },
    { range: udp, protocol: 'udp' as const },
  ];
  const wrong = wanted.flatMap(({ range, protocol }) => {
    const reason = whyUnusable(
      publishedPorts.filter((one) => one.protocol === protocol),
      range,
    );
    return reason === undefined ? [] : [`${rangeText(range)}/${protocol} ${reason}`];
  });
  if (wrong.length === 0) return ok;
  return finding(
    subject,
    `browsers can't reach its media ports: ${wrong.join('; ')}`,
    'publish the ports under the same numbers, and open them in the firewall',
    {
      paste: [
        ...composeLines(owner, [
          'ports:',
          ...wanted.map(({ range, protocol }) => `  - "${rangeText(range)}:${rangeText(range)}/${protocol}"`),
        ]),
        '',
        recreate(owner),
      ],
    },
  );
}

/** The subject whose ports are published: the container itself, or the container whose network it uses. */
function ownerOfNetwork({ subjects }: Facts, subject: Subject): Subject | undefined {
  const owner = networkOwnerOf(subject.container);
  return owner === undefined ? subject : subjects.find(({ container }) => container.id === owner);
}

function rangeText({ first, last }: PortRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}

function whyUnusable(published: readonly PublishedPort[], { first, last }: PortRange): string | undefined {
  const own = published.filter(({ port }) => port >= first && port <= last);
  if (own.length === 0) return 'is not published';
  const outside = own.filter(({ hostAddress }) => !/^(127\.|::1$)/.test(hostAddress));
  if (outside.length === 0) return 'is published only on loopback';
  const right = new Set(outside.filter(({ port, hostPort }) => port === hostPort).map(({ port }) => port));
  const moved = outside.find(({ port }) => !right.has(port));
  if (moved !== undefined) return `is published as ${moved.hostPort}, but LiveKit announces ${moved.port} to browsers`;
  return right.size === last - first + 1 ? undefined : `is published in part: ${right.size} of ${last - first + 1} ports`;
}
