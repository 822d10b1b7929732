import { isNetworkOfProject, shortNetworkName } from '../../model/address.ts';
import { parseEngineName } from '../../nginx/token.ts';
import { unknown } from '../facts/facts.ts';
import type { BackendFacts, Facts, Inspection, Subject } from '../facts/facts.ts';
import {
  calledNames,
  composeLines,
  connectLines,
  inspectEach,
  networkNames,
  notOwn,
  ofSameMeet,
  otherPorts,
  subjectsOf,
  recreate,
  extraHostKey,
  routingFrontends,
  runningOf,
  shareNetwork,
} from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';
import { isSwarmTask } from '../facts/swarm.ts';

export const networkChecks: readonly Check[] = [
  {
    id: 'shared-network',
    title: 'frontend and backend share a network',
    symptom: 'The pages load, the API answers 503.',
    looksAt: 'the networks of the frontends and of the services that they route to',
    why: 'the frontend can only reach the backend on a network that both are on',
    cure: 'Connect both to the same network (`internal` in the example).',
    weight: 'failure',
    run: (facts) =>
      runningOf(facts, 'backend', 'service', 'media').flatMap((subject) => {
        const frontends = ofSameMeet(subject, routingFrontends(facts.subjects)).filter(({ container }) => container.state === 'running');
        const far = frontends.find((frontend) => !shareNetwork(frontend, subject));
        if (frontends.length === 0) return [];
        return [far === undefined ? ok : noSharedNetwork(subject, far)];
      }),
  },
  {
    id: 'way-out',
    title: 'the backend can reach servers outside its networks',
    symptom: 'Login redirects to Keycloak but fails afterwards; rooms are not created.',
    looksAt: 'whether all networks of the backend are `internal: true`, unless the backend reaches both names anyway',
    why: "the backend calls Keycloak and LiveKit by their public names, through the host's port 443, which an internal network can not reach",
    cure: 'Remove `internal: true` from the network in compose, or connect the backend to a second network.',
    weight: 'failure',
    run: judgeWayOut,
  },
  {
    id: 'extra-hosts',
    title: "the backend reaches Keycloak's and LiveKit's public names",
    symptom: 'Login redirects to Keycloak but fails on the way back; rooms are not created.',
    looksAt:
      'a connection from inside the backend to port 443 of the names in its settings; if that fails, `extra_hosts` and network aliases',
    why: "many servers can't reach their own public address from inside; `host-gateway` always leads to the host",
    cure: 'Add `extra_hosts` with `host-gateway` for both names to the backend.',
    weight: 'failure',
    run: (facts) => inspectEach(subjectsOf(facts, 'backend'), (subject, inspection) => judgeNames(facts, subject, inspection)),
  },
  {
    id: 'extra-hosts-reachable',
    title: 'port 443 answers at the addresses in `extra_hosts` of the backend',
    symptom: 'Login redirects to Keycloak but fails on the way back, after a long wait.',
    looksAt: 'a connection to port 443 of these addresses, from a network of the backend',
    why: 'the backend asks Keycloak for tokens at these addresses; a firewall on the host can block containers',
    cure: 'Allow the containers to reach port 443 of the host: `ufw allow from 172.16.0.0/12 to any port 443 proto tcp`, or use an address on which nginx-proxy listens.',
    weight: 'failure',
    run: judgeExtraHosts,
  },
];

function noSharedNetwork(subject: Subject, frontend: Subject): Outcome {
  const { project } = frontend;
  const [network = 'internal'] = networkNames(frontend).toSorted(
    (left, right) => Number(isNetworkOfProject(right, project)) - Number(isNetworkOfProject(left, project)),
  );
  const what = `no common network with ${frontend.container.name}, so no request arrives`;
  return finding(subject, what, `connect both to one network; ${frontend.container.name} is on ${networkNames(frontend).join(', ')}`, {
    // A line to paste never has a name with characters that a shell interprets.
    paste:
      parseEngineName(network) === undefined
        ? []
        : [
            ...connectLines(subject, network, 'works at once, until the next recreate'),
            ...composeLines(subject, [`networks: ["${shortNetworkName(network, project)}"]`]),
          ],
  });
}

function judgeWayOut(facts: Facts): readonly Outcome[] {
  const { networks } = facts;
  return runningOf(facts, 'backend').map((subject) => {
    if (!networks.known) return unchecked(networks.why);
    // Aliases on an internal network are enough.
    const reach = reachOf(facts, subject);
    const needed = calledNames(facts, subject);
    if (reach.known && needed.length > 0 && needed.every((name) => reach.value.get(name)?.kind === 'open')) return ok;
    const own = networkNames(subject).map((name) => networks.value.find((network) => network.name === name));
    if (own.length === 0 || own.some((network) => network === undefined || !network.internal)) return ok;
    const names = networkNames(subject);
    return finding(
      subject,
      `all its networks (${names.join(', ')}) are internal, so the backend can't reach any server outside`,
      'remove internal: true from that network in compose, then recreate the network',
      {
        paste: [isSwarmTask(subject.container) ? recreate(subject) : 'docker compose down && docker compose up -d'],
      },
    );
  });
}

function judgeNames(facts: Facts, subject: Subject, { extraHosts }: Inspection): Outcome {
  const { name } = subject.container;
  const needed = calledNames(facts, subject);
  if (needed.length === 0) {
    const isServedElsewhere = ofSameMeet(subject, subjectsOf(facts, 'keycloak', 'livekit')).length === 0;
    const why = isServedElsewhere
      ? 'Keycloak and LiveKit of this Meet are not on this engine'
      : 'its settings have no public name of Keycloak or LiveKit';
    return unchecked(`${name}: ${why}`);
  }
  const ports = otherPorts(subject);
  const reach = reachOf(facts, subject);
  // `extra-hosts-reachable` checks the addresses of the entries.
  const withoutEntry = needed.filter((host) => !extraHosts.some((entry) => entry.name === host));
  const own = withoutEntry.filter((host) => !ports.has(host));
  const untried = withoutEntry.find((host) => ports.has(host));
  const fine = untried === undefined ? ok : notOnPort443(subject, untried, ports.get(untried));
  if (!reach.known) {
    const unclear = own.filter((host) => !isAlias(facts, subject, host));
    return unclear.length === 0
      ? fine
      : unchecked(`${name} has no extra_hosts for ${unclear.join(', ')}, and no command could be run in it: ${reach.why}`);
  }
  const missing = own.flatMap((host) => {
    const found = reach.value.get(host);
    return found?.kind === 'closed' ? [{ host, reason: found.reason }] : [];
  });
  if (missing.length === 0) return fine;
  const hosts = missing.map(({ host }) => host);
  const reasons = [...new Set(missing.map(({ reason }) => reason))].join('; ');
  const what = `no connection to port 443 of ${hosts.join(', ')} (${reasons}), and no entry in extra_hosts`;
  return finding(subject, what, 'add these lines to the backend', {
    paste: [...composeLines(subject, ['extra_hosts:', ...hosts.map((host) => `  - "${host}:host-gateway"`)]), '', recreate(subject)],
    unless: ['way-out'],
  });
}

function notOnPort443({ container }: Subject, host: string, port: number | undefined): Outcome {
  return unchecked(`${container.name}: its settings use port ${port} of ${host}, but the doctor only tries port 443`);
}

function reachOf(facts: Facts, { container }: Subject): BackendFacts['reach'] {
  return facts.backends.get(container.id)?.reach ?? unknown(container.state === 'running' ? notOwn : 'the backend is not running');
}

/** Whether the engine's DNS resolves the host to a container for the backend. */
function isAlias(facts: Facts, subject: Subject, host: string): boolean {
  const networks = networkNames(subject);
  return facts.subjects.some(
    ({ inspection }) => inspection.known && networks.some((network) => inspection.value.aliases.get(network)?.includes(host) === true),
  );
}

function judgeExtraHosts(facts: Facts): readonly Outcome[] {
  return runningOf(facts, 'backend').flatMap((subject) => {
    if (!subject.inspection.known) return [unchecked(`${subject.container.name}: ${subject.inspection.why}`)];
    const reach = reachOf(facts, subject);
    const ports = otherPorts(subject);
    return subject.inspection.value.extraHosts.map(({ name, address }) => {
      if (ports.has(name)) return notOnPort443(subject, name, ports.get(name));
      if (reach.known && reach.value.get(name)?.kind === 'open') return ok;
      const found = facts.extraHosts.get(extraHostKey(name, address));
      if (found === undefined) return unchecked(`${name} was not tried`);
      if (!found.known) return unchecked(`${name}: ${found.why}`);
      if (found.value.kind === 'open') return ok;
      const what = `no answer on port 443 of ${address}, the address of ${name} in extra_hosts (${found.value.reason})`;
      const cure =
        address === 'host-gateway'
          ? 'let containers reach port 443 of the host; a firewall on the host may block them'
          : 'use host-gateway instead of an address, or the address on which nginx-proxy listens';
      return finding(subject, what, cure, {
        unless: ['way-out'],
        paste:
          address === 'host-gateway'
            ? ['ufw allow from 172.16.0.0/12 to any port 443 proto tcp']
            : [`extra_hosts: ["${name}:host-gateway"]`],
      });
    });
  });
}
