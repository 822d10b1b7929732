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
    title: 'Keycloak knows that it is behind a proxy, and its public name',
    symptom: 'The login page is blank, answers 403 or "HTTPS required", or redirects to http:// or to a wrong host.',
    looksAt: '`KC_HOSTNAME`, `KC_PROXY_HEADERS` and `KC_HTTP_ENABLED` (or the options of the same names on the command line)',
    why: 'TLS ends at nginx-proxy: Keycloak has to speak HTTP, believe X-Forwarded-*, and write its public name into tokens',
    cure: 'Set the three: `KC_HOSTNAME` to the public URL, `KC_PROXY_HEADERS=xforwarded`, `KC_HTTP_ENABLED=true`.',
    weight: 'failure',
    run: (facts) => inspectEach(subjectsOf(facts, 'keycloak'), judgeKeycloak),
  },
  {
    id: 'browser-urls',
    title: "the backend sends browsers to Meet's public names",
    symptom: 'The login ends in "site can\'t be found"; rooms open, but never connect.',
    looksAt:
      'the hosts in `LIVEKIT_API_URL`, `OIDC_OP_AUTHORIZATION_ENDPOINT`, `OIDC_OP_LOGOUT_ENDPOINT` and the redirect URLs, against the public names of LiveKit, Keycloak and the frontend',
    why: 'browsers are given these URLs as they stand: a name inside Docker, another name, or plain HTTP for LiveKit leads them nowhere',
    cure: 'Use `https://` and the name in `VIRTUAL_HOST` of the container concerned in them, and keep the path.',
    weight: 'failure',
    run: (facts) => subjectsOf(facts, 'backend').flatMap((subject) => judgeUrls(facts, subject)),
  },
  {
    id: 'livekit-ports',
    title: "LiveKit's media ports are open on the host, not proxied",
    symptom: 'Rooms open, but there is no picture and no sound.',
    looksAt:
      'the published ports of LiveKit, or of the container whose network it uses, against `tcp_port`, `udp_port` and `port_range_start`/`_end` in `LIVEKIT_CONFIG`',
    why: 'media goes straight from the browser to LiveKit; nginx can not proxy UDP, and LiveKit tells browsers its own port numbers',
    cure: 'Publish them under their own numbers, on all addresses, and open them in the firewall.',
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
  return finding(subject, `not set as behind nginx-proxy: ${names}`, 'add these lines to its environment', {
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
  /** The public names of what it should lead to, wildcards among them; none where that is not on this engine. */
  readonly names: readonly string[];
}

function judgeUrl(facts: Facts, subject: Subject, { variable, place, names }: BrowserUrl): Outcome {
  const { scheme, host, port } = place;
  const name = names.find((one) => !one.startsWith('*'));
  const meant = `https://${name ?? 'its public name'}`;
  const isPublic = names.some((one) => one === host || (one.startsWith('*') && host.endsWith(one.slice(1))));
  const isInside = !isPublic && !host.includes('.');
  // LiveKit's URL has no path; its port is to go where it is one inside Docker.
  const isReplaced = variable === 'LIVEKIT_API_URL' && (port === undefined || isInside);
  const told = (why: string, severity: Weight = 'failure'): Outcome =>
    finding(
      subject,
      `${variable} sends browsers to ${scheme}://${host}, ${why}`,
      isReplaced ? `set it to ${meant} in .env, or here` : `use ${meant} in it, and keep its path`,
      {
        severity,
        paste:
          name === undefined || !isReplaced
            ? []
            : [...composeLines(subject, ['environment:', `  ${variable}: https://${name}`]), '', recreate(subject)],
      },
    );
  if (isInside) return told('a name that only containers know');
  const isPlain = scheme === 'http' || scheme === 'ws';
  // A page may lead to plain HTTP, but open no connection there.
  if (isPlain && variable === 'LIVEKIT_API_URL') return told('which is not encrypted: browsers refuse that on an https page');
  if (names.length === 0 || isPublic) return ok;
  // After login or logout browsers may be led to any site, on purpose.
  const isHarmless = variable.includes('REDIRECT') || isElsewhere(facts, host, name);
  return told(`but its public name is ${names.join(', ')}`, isHarmless ? 'warning' : 'failure');
}

/** Whether the DNS has it on another machine, where it may be served on purpose. */
function isElsewhere({ names }: Facts, host: string, name = ''): boolean {
  const [found, own] = [host, name].map((one) => names.get(one)?.resolution);
  if (found?.kind !== 'addresses') return false;
  return own?.kind !== 'addresses' || !found.addresses.some((address) => own.addresses.includes(address));
}

/** LiveKit's own ports where its configuration names none (pkg/config, `Validate`; its page on ports and firewalls). */
const livekitDefaults = { tcp: 7881, udp: { first: 50_000, last: 60_000 } };

function judgeLivekit(facts: Facts, subject: Subject, { environment }: Inspection): Outcome {
  if (subject.container.networkMode === 'host') return ok;
  const { name } = subject.container;
  if (environment.LIVEKIT_CONFIG === undefined)
    return unchecked(`${name}: its configuration is not in LIVEKIT_CONFIG but in a file or on its command line, which are not read`);
  const owner = ownerOfNetwork(facts, subject);
  if (owner?.inspection.known !== true)
    return unchecked(`${name}: it uses the network of another container, of whose published ports nothing is known`);
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
    return reason === undefined ? [] : [`${inWords(range)}/${protocol} ${reason}`];
  });
  if (wrong.length === 0) return ok;
  return finding(
    subject,
    `browsers can't reach its media ports: ${wrong.join('; ')}`,
    'publish them under their own numbers, and open them in the firewall',
    {
      paste: [
        ...composeLines(owner, ['ports:', ...wanted.map(({ range, protocol }) => `  - "${inWords(range)}:${inWords(range)}/${protocol}"`)]),
        '',
        recreate(owner),
      ],
    },
  );
}

/** Whose ports are published: a container in the network of another one has none of its own. */
function ownerOfNetwork({ subjects }: Facts, subject: Subject): Subject | undefined {
  const owner = networkOwnerOf(subject.container);
  return owner === undefined ? subject : subjects.find(({ container }) => container.id === owner);
}

function inWords({ first, last }: PortRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}

function whyUnusable(published: readonly PublishedPort[], { first, last }: PortRange): string | undefined {
  const own = published.filter(({ port }) => port >= first && port <= last);
  if (own.length === 0) return 'is not published';
  const outside = own.filter(({ hostAddress }) => !/^(127\.|::1$)/.test(hostAddress));
  if (outside.length === 0) return 'is published on loopback alone';
  const right = new Set(outside.filter(({ port, hostPort }) => port === hostPort).map(({ port }) => port));
  const moved = outside.find(({ port }) => !right.has(port));
  if (moved !== undefined) return `is published as ${moved.hostPort}, but LiveKit tells browsers ${moved.port}`;
  return right.size === last - first + 1 ? undefined : `is published in part: ${right.size} of ${last - first + 1} ports`;
}
