import type { Facts, Inspection, Subject } from '../facts/facts.ts';
import { composeLines, inspectEach, isSocket, meetsOf, mountsSocket, subjectsOf, recreate, sidecarsOf } from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';
import { partsOfMeet } from '../facts/part.ts';
import { isSwarmTask } from '../facts/swarm.ts';

// In: facts about the subjects of a Meet. Out: an outcome of each check for each subject: ok, finding or unchecked.

export const accessChecks: readonly Check[] = [
  {
    id: 'meet-gen',
    title: 'each Meet has a meet-gen',
    symptom: 'New addresses never go live: 502 after the next redeploy.',
    looksAt: 'containers of the image (or service) meet-gen',
    why: 'without meet-gen the frontend keeps the last published file, with its old addresses',
    cure: 'Start it: `docker compose up -d meet-gen`.',
    weight: 'warning',
    run: judgePresence,
  },
  {
    id: 'engine-access',
    title: 'no container has more access to the engine than it needs',
    symptom: 'No symptom, until an attacker breaks into one of these containers: access to the socket is root on the host.',
    looksAt: "which of Meet's containers mount the engine's socket, which calls the socket proxy allows, and whether its port is published",
    why: 'a program that can write to the socket can start a container with full control of the host; `:ro` on the mount limits nothing',
    cure: 'Put a socket proxy between meet-gen and the engine, as in compose.example.yml; docs/engine-access.md has the settings.',
    weight: 'warning',
    run: (facts) => inspectEach(subjectsOf(facts, ...partsOfMeet), judgeAccess),
  },
  {
    id: 'socket-group',
    title: "every container that mounts the engine's socket may open the socket",
    symptom: 'meet-gen or its socket proxy is unhealthy and logs `permission denied`; no change goes live.',
    looksAt: 'user, group and `group_add` of the containers that mount the socket, against the owner and group of the socket',
    why: 'the socket belongs to root and a group, and the number of that group differs from host to host',
    cure: 'Set `DOCKER_GID` in `.env` to the group of the socket; docs/engine-access.md has it for each engine.',
    weight: 'failure',
    run: (facts) => inspectEach(facts.subjects.filter(mountsSocket), (subject, inspection) => judgeGroup(facts, subject, inspection)),
  },
  {
    id: 'stale-socket',
    title: 'no container mounts an old socket of the engine',
    symptom: 'nginx-proxy or meet-gen no longer sees changes after an update or restart of Docker.',
    looksAt: 'mounts of the socket file, from inside the containers with such a mount',
    why: 'the engine makes a new socket when it starts, but a mounted file stays the old file',
    cure: 'Restart the container. To prevent this, mount the directory of the socket, or use a proxy that exits when its socket is removed.',
    weight: 'failure',
    run: (facts) => inspectEach(facts.subjects.filter(mountsSocket), (subject) => judgeSocket(facts, subject)),
  },
];

function judgePresence(facts: Facts): readonly Outcome[] {
  // `containers-run` checks whether meet-gen runs.
  return meetsOf(facts).map(({ frontend }) =>
    sidecarsOf(facts, frontend).length > 0
      ? ok
      : finding(frontend, 'no container of meet-gen updates its routes', 'start meet-gen, or ignore this if meet-gen runs outside Docker', {
          paste: [isSwarmTask(frontend.container) ? recreate(frontend) : 'docker compose up -d meet-gen'],
        }),
  );
}

function judgeAccess(subject: Subject, { mounts, environment, publishedPorts }: Inspection): Outcome {
  const mounted = mounts.some(({ source }) => isSocket(source));
  if (subject.part === 'socket-proxy') {
    if (publishedPorts.length > 0) {
      return finding(
        subject,
        'a port of the socket proxy is published: every client that reaches the port can control the engine',
        'remove `ports` from the socket proxy in compose',
        {
          severity: 'failure',
          paste: [recreate(subject)],
        },
      );
    }
    if (environment.POST?.value === '1') {
      return finding(
        subject,
        'the socket proxy allows every POST (POST=1): a client can start a container with full control of the host',
        'use the settings in docs/engine-access.md',
      );
    }
    return ok;
  }
  if (subject.part === 'reader') return publishedPorts.length === 0 ? ok : publishedReader(subject);
  if (!mounted) return ok;
  if (subject.part === 'meet-gen') {
    return finding(
      subject,
      "meet-gen mounts the engine's socket, which is root on the host; it needs only the list, the events and a signal",
      'put a socket proxy in between, as in compose.example.yml; see docs/engine-access.md',
      {
        paste: composeLines(subject, ['environment:', '  DOCKER_HOST: tcp://docker-proxy:2375']),
      },
    );
  }
  return finding(subject, "the container mounts the engine's socket, which is root on the host, and doesn't need it", 'remove that mount', {
    severity: 'failure',
    paste: [recreate(subject)],
  });
}

function publishedReader(subject: Subject): Outcome {
  return finding(
    subject,
    "a port of the reader is published: every client that reaches the port can read the swarm's services and tasks",
    'remove `ports` from the reader in the stack file',
    { paste: [recreate(subject)] },
  );
}

/** The kernel shows this group where a user namespace doesn't map the real group (overflowgid in proc(5)). */
const overflowGroup = 65_534;

function judgeGroup({ socket }: Facts, subject: Subject, { identity }: Inspection): Outcome {
  const { name } = subject.container;
  const { uid, gid, groups } = identity;
  if (uid === 0) return ok;
  if (!socket.known) return unchecked(`${name}: ${socket.why}`);
  const { gid: wanted, mode } = socket.value;
  const isOpen = (mode & 0o006) === 0o006;
  const isMember = gid === wanted || groups.includes(wanted);
  if (isOpen || uid === socket.value.uid) return ok;
  if (isMember && (mode & 0o060) === 0o060) return ok;
  if (isMember)
    return finding(
      subject,
      `the engine's socket has mode ${(mode & 0o777).toString(8).padStart(4, '0')}: the container is in the socket's group, but that group may not write`,
      "set the socket's mode to 0660 on the host (chmod g+rw), or start the engine with its usual socket",
      { unless: ['stale-socket'] },
    );
  if (wanted === overflowGroup) return unchecked(`${name}: the engine remaps users, so the doctor can't see the group of its socket`);
  if (gid === undefined) return unchecked(`${name}: the group of its user is in its image, which the doctor doesn't read`);
  return finding(
    subject,
    `the container runs with group ${gid}, but the engine's socket belongs to group ${wanted}, so the container may not open it`,
    `set DOCKER_GID=${wanted} in .env; if compose.yml doesn't use DOCKER_GID, add this line`,
    { paste: [...composeLines(subject, [`group_add: ["${wanted}"]`]), '', recreate(subject)], unless: ['stale-socket'] },
  );
}

function judgeSocket(facts: Facts, subject: Subject): Outcome {
  const stale = facts.staleMounts.get(subject.container.id);
  if (stale === undefined || !stale.known) return unchecked(`${subject.container.name}: ${stale?.why ?? 'its mounts were not read'}`);
  const found = stale.value.find(isSocket);
  if (found === undefined) return ok;
  return finding(subject, `its ${found} is an old socket, on which no engine answers`, 'restart the container', {
    paste: [recreate(subject)],
  });
}
