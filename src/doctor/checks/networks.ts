import { isNetworkOfProject, shortNetworkName } from '../../model/address.ts';
import type { Facts, Inspection, Patient } from '../facts.ts';
import {
  composeLines,
  connectLines,
  inspectEach,
  networkNames,
  ofSameMeet,
  patientsOf,
  publicHostsOf,
  recreate,
  roadKey,
  routingOnes,
  runningOf,
  shareNetwork,
} from '../meet.ts';
import { finding, ok, unchecked } from '../outcome.ts';
import type { Check, Outcome } from '../outcome.ts';

export const networkChecks: readonly Check[] = [
  {
    id: 'shared-network',
    title: 'frontend and backend share a network',
    symptom: 'The pages load, the API answers 503.',
    looksAt: 'the networks of the frontends and of what they route to',
    why: 'the frontend reaches the backend on a network that both are on, and on no other',
    cure: 'Put both on the same network (`internal` in the example).',
    weight: 'failure',
    run: (facts) =>
      runningOf(facts, 'backend', 'service', 'media').flatMap((patient) => {
        const frontends = ofSameMeet(patient, routingOnes(facts.patients)).filter(({ container }) => container.state === 'running');
        const far = frontends.find((frontend) => !shareNetwork(frontend, patient));
        if (frontends.length === 0) return [];
        return [far === undefined ? ok : apart(patient, far)];
      }),
  },
  {
    id: 'way-out',
    title: 'the backend has a way to the outside',
    symptom: 'Login redirects to Keycloak but fails afterwards; rooms are not created.',
    looksAt: 'whether every network of the backend is `internal: true`',
    why: "the backend calls Keycloak and LiveKit by their public names, through the host's port 443; an internal network has no way there",
    cure: 'Take `internal: true` from the network in compose, or put the backend on another network as well.',
    weight: 'failure',
    run: judgeWayOut,
  },
  {
    id: 'extra-hosts',
    title: "the backend finds Keycloak's and LiveKit's public names on this host",
    symptom: 'Login redirects to Keycloak but fails when it comes back; rooms are not created.',
    looksAt: '`extra_hosts` of the backend, against the names in its OIDC and LiveKit settings',
    why: "many servers can't reach their own public address from inside; `host-gateway` is a way that always exists",
    cure: 'Add `extra_hosts` with `host-gateway` for both names to the backend.',
    weight: 'failure',
    run: (facts) => inspectEach(patientsOf(facts, 'backend'), (patient, inspection) => judgeExtraHosts(facts, patient, inspection)),
  },
  {
    id: 'extra-hosts-reachable',
    title: 'port 443 answers where `extra_hosts` of the backend point to',
    symptom: 'Login redirects to Keycloak but fails when it comes back, after a long wait.',
    looksAt: 'a connection to port 443 of these addresses, from a network of the backend',
    why: 'the backend asks Keycloak for tokens there; a firewall on the host can cut the road from containers to the host',
    cure: 'Let the containers reach port 443 of the host: `ufw allow from 172.16.0.0/12 to any port 443 proto tcp`, or use an address where nginx-proxy listens.',
    weight: 'failure',
    run: judgeRoads,
  },
];

function apart(patient: Patient, frontend: Patient): Outcome {
  const { project } = frontend;
  const [network = 'internal'] = networkNames(frontend).toSorted(
    (left, right) => Number(isNetworkOfProject(right, project)) - Number(isNetworkOfProject(left, project)),
  );
  const what = `it shares no network with ${frontend.container.name}, so no request can reach it`;
  return finding(patient, what, `put both on one network; ${frontend.container.name} is on ${networkNames(frontend).join(', ')}`, {
    paste: [
      ...connectLines(patient, network, 'at once, until the next recreate'),
      ...composeLines(patient, [`networks: [${JSON.stringify(shortNetworkName(network, project))}]`]),
    ],
  });
}

function judgeWayOut(facts: Facts): readonly Outcome[] {
  const { networks } = facts;
  return runningOf(facts, 'backend').map((patient) => {
    if (!networks.known) return unchecked(networks.why);
    const own = networkNames(patient).map((name) => networks.value.find((network) => network.name === name));
    if (own.length === 0 || own.some((network) => network === undefined || !network.internal)) return ok;
    const names = networkNames(patient);
    return finding(
      patient,
      `all its networks (${names.join(', ')}) are internal: it reaches nothing outside`,
      'take internal: true from that network in compose, then make it anew',
      {
        paste: ['docker compose down && docker compose up -d'],
      },
    );
  });
}

function judgeExtraHosts(facts: Facts, patient: Patient, { environment, extraHosts }: Inspection): Outcome {
  const served = new Set(ofSameMeet(patient, patientsOf(facts, 'keycloak', 'livekit')).flatMap(publicHostsOf));
  const told = [
    environment.OIDC_OP_TOKEN_ENDPOINT,
    environment.OIDC_OP_USER_ENDPOINT,
    environment.OIDC_OP_JWKS_ENDPOINT,
    environment.LIVEKIT_API_URL,
  ];
  const called = told.flatMap((setting) => setting?.value ?? []);
  // What is served elsewhere is found in the DNS like anything else.
  const needed = [...new Set(called.length === 0 ? served : called.filter((host) => served.has(host)))].toSorted();
  if (needed.length === 0) return unchecked(`${patient.container.name}: neither Keycloak nor LiveKit of this Meet is on this engine`);
  const missing = needed.filter((host) => !extraHosts.some((entry) => entry.name === host));
  if (missing.length === 0) return ok;
  return finding(patient, `extra_hosts has no entry for ${missing.join(', ')}`, 'add these lines to the backend', {
    paste: [...composeLines(patient, ['extra_hosts:', ...missing.map((host) => `  - "${host}:host-gateway"`)]), '', recreate(patient)],
  });
}

function judgeRoads(facts: Facts): readonly Outcome[] {
  return runningOf(facts, 'backend').flatMap((patient) => {
    if (!patient.inspection.known) return [unchecked(`${patient.container.name}: ${patient.inspection.why}`)];
    return patient.inspection.value.extraHosts.map(({ name, address }) => {
      const road = facts.roads.get(roadKey(name, address));
      if (road === undefined) return unchecked(`${name} was not tried`);
      if (!road.known) return unchecked(`${name}: ${road.why}`);
      if (road.value.kind === 'open') return ok;
      const what = `nothing answers on port 443 of ${address}, where extra_hosts sends ${name} (${road.value.reason})`;
      const cure =
        address === 'host-gateway'
          ? 'let containers reach port 443 of the host: its firewall may be in between'
          : 'use host-gateway instead of an address, or the address where nginx-proxy listens';
      return finding(patient, what, cure, {
        unless: ['way-out'],
        paste:
          address === 'host-gateway'
            ? ['ufw allow from 172.16.0.0/12 to any port 443 proto tcp']
            : [`extra_hosts: ["${name}:host-gateway"]`],
      });
    });
  });
}
