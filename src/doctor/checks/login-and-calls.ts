import type { Inspection, Patient, PublishedPort } from '../facts.ts';
import { composeLines, inspectEach, patientsOf, recreate, runningOf } from '../meet.ts';
import { finding, ok } from '../outcome.ts';
import type { Check, Outcome } from '../outcome.ts';

export const loginAndCallChecks: readonly Check[] = [
  {
    id: 'keycloak-proxy',
    title: 'Keycloak knows that it is behind a proxy, and its public name',
    symptom: 'The login page is blank, answers 403 or "HTTPS required", or redirects to http:// or to a wrong host.',
    looksAt: '`KC_HOSTNAME`, `KC_PROXY_HEADERS` and `KC_HTTP_ENABLED` (or the options of the same names on the command line)',
    why: 'TLS ends at nginx-proxy: Keycloak has to speak HTTP, believe X-Forwarded-*, and write its public name into tokens',
    cure: 'Set the three: `KC_HOSTNAME` to the public URL, `KC_PROXY_HEADERS=xforwarded`, `KC_HTTP_ENABLED=true`.',
    weight: 'failure',
    run: (facts) => inspectEach(patientsOf(facts, 'keycloak'), judgeKeycloak),
  },
  {
    id: 'livekit-ports',
    title: "LiveKit's media ports are open on the host, not proxied",
    symptom: 'Rooms open, but there is no picture and no sound.',
    looksAt: 'the published ports of LiveKit: 7881/tcp and 7882/udp, or those in `LIVEKIT_CONFIG`',
    why: 'media goes straight from the browser to LiveKit; nginx can not proxy UDP, and LiveKit tells browsers its own port numbers',
    cure: 'Publish both under their own numbers, on all addresses, and open them in the firewall.',
    weight: 'failure',
    run: (facts) => inspectEach(runningOf(facts, 'livekit'), judgeLivekit),
  },
];

function judgeKeycloak(patient: Patient, { environment }: Inspection): Outcome {
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
  return finding(patient, `not set as behind nginx-proxy: ${names}`, 'add these lines to its environment', {
    paste: [...composeLines(patient, ['environment:', ...lines.map((line) => `  ${line}`)]), '', recreate(patient)],
  });
}

function judgeLivekit(patient: Patient, { environment, publishedPorts }: Inspection): Outcome {
  if (patient.container.networkMode === 'host') return ok;
  const ports = environment.LIVEKIT_CONFIG?.value;
  const wanted = [
    { port: ports?.tcp ?? 7881, protocol: 'tcp' as const },
    { port: ports?.udp ?? 7882, protocol: 'udp' as const },
  ];
  const wrong = wanted.flatMap(({ port, protocol }) => {
    const published = publishedPorts.filter((one) => one.port === port && one.protocol === protocol);
    const reason = whyUnusable(published, port);
    return reason === undefined ? [] : [`${port}/${protocol} ${reason}`];
  });
  if (wrong.length === 0) return ok;
  return finding(
    patient,
    `browsers can't reach its media ports: ${wrong.join('; ')}`,
    'publish them under their own numbers, and open them in the firewall',
    {
      paste: [
        ...composeLines(patient, ['ports:', ...wanted.map(({ port, protocol }) => `  - "${port}:${port}/${protocol}"`)]),
        '',
        recreate(patient),
      ],
    },
  );
}

function whyUnusable(published: readonly PublishedPort[], port: number): string | undefined {
  if (published.length === 0) return 'is not published';
  const outside = published.filter(({ hostAddress }) => !/^(127\.|::1$)/.test(hostAddress));
  if (outside.length === 0) return 'is published on loopback alone';
  return outside.some(({ hostPort }) => hostPort === port)
    ? undefined
    : `is published as ${outside[0]?.hostPort}, but LiveKit tells browsers ${port}`;
}
