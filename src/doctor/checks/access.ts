import type { Facts, Inspection, Subject } from '../facts/facts.ts';
import { composeLines, inspectEach, meetsOf, subjectsOf, recreate, sidecarsOf } from '../facts/meet.ts';
import { finding, ok, unchecked } from '../facts/outcome.ts';
import type { Check, Outcome } from '../facts/outcome.ts';
import { partsOfMeet } from '../facts/part.ts';

export const accessChecks: readonly Check[] = [
  {
    id: 'meet-gen',
    title: 'a meet-gen looks after each Meet',
    symptom: 'New addresses never come: 502 after the next redeploy.',
    looksAt: 'containers of the image (or service) meet-gen',
    why: 'the frontend goes on with the last published file, but nobody writes a new one',
    cure: 'Start it: `docker compose up -d meet-gen`.',
    weight: 'warning',
    run: judgePresence,
  },
  {
    id: 'engine-access',
    title: 'nobody has more access to the engine than needed',
    symptom: 'None, until somebody breaks into one of these containers: the socket is root on the host.',
    looksAt: "which of Meet's containers mount the engine's socket, and what the socket proxy lets through and to whom",
    why: 'whoever can write to the socket can start a container that owns the host; `:ro` on the mount limits nothing',
    cure: 'Give meet-gen a socket proxy, as in compose.example.yml; docs/security.md has the set-ups.',
    weight: 'warning',
    run: (facts) => inspectEach(subjectsOf(facts, ...partsOfMeet), judgeAccess),
  },
  {
    id: 'socket-group',
    title: "every container that mounts the engine's socket may open it",
    symptom: 'meet-gen or its socket proxy is not well: `permission denied`; nothing becomes live.',
    looksAt: 'user, group and `group_add` of the containers that mount the socket, against the owner and group of the socket',
    why: 'the socket belongs to root and a group of this host, whose number differs from host to host',
    cure: 'Set `DOCKER_GID` in `.env` to what `stat -c %g /var/run/docker.sock` says.',
    weight: 'failure',
    run: (facts) => inspectEach(facts.subjects.filter(mountsSocket), (subject, inspection) => judgeGroup(facts, subject, inspection)),
  },
  {
    id: 'stale-socket',
    title: 'no mounted engine socket has gone stale',
    symptom: 'nginx-proxy or meet-gen no longer sees any change, after an update or restart of Docker.',
    looksAt: 'mounts of the socket file, from inside the containers that have one',
    why: 'a mounted file stays the one that it was; the engine makes a new socket when it starts',
    cure: 'Restart the container. For good: mount the directory of the socket, or use a proxy that ends when its socket is gone.',
    weight: 'failure',
    run: (facts) => inspectEach(facts.subjects.filter(mountsSocket), (subject) => judgeSocket(facts, subject)),
  },
];

function judgePresence(facts: Facts): readonly Outcome[] {
  // Whether it runs is another check's.
  return meetsOf(facts).map(({ frontend }) =>
    sidecarsOf(facts, frontend).length > 0
      ? ok
      : finding(frontend, 'no container of meet-gen is here to look after it', 'start it, or ignore this if it runs outside of Docker', {
          paste: ['docker compose up -d meet-gen'],
        }),
  );
}

function mountsSocket({ inspection }: Subject): boolean {
  return inspection.known && inspection.value.mounts.some(({ source }) => isSocket(source));
}

function isSocket(path: string): boolean {
  return /(^|\/)(docker|podman)\.sock$/.test(path);
}

function judgeAccess(subject: Subject, { mounts, environment, publishedPorts }: Inspection): Outcome {
  const mounted = mounts.some(({ source }) => isSocket(source));
  if (subject.part === 'socket-proxy') {
    if (publishedPorts.length > 0) {
      return finding(
        subject,
        'a port of the socket proxy is published: whoever reaches it speaks to the engine',
        'remove its ports from compose',
        {
          severity: 'failure',
          paste: [recreate(subject)],
        },
      );
    }
    if (environment.POST?.value === '1') {
      return finding(
        subject,
        'it lets every POST of the allowed parts through (POST=1): that is enough to start a container that owns the host',
        'use the settings of docs/security.md',
      );
    }
    return ok;
  }
  if (!mounted) return ok;
  if (subject.part === 'meet-gen') {
    return finding(
      subject,
      "it mounts the engine's socket: that is root on the host, and it needs a list, events and a signal",
      'put a socket proxy in between: docs/security.md, compose.example.yml',
      {
        paste: composeLines(subject, ['environment:', '  DOCKER_HOST: tcp://docker-proxy:2375']),
      },
    );
  }
  return finding(subject, "it mounts the engine's socket, which it has no use for: that is root on the host", 'remove that mount', {
    severity: 'failure',
    paste: [recreate(subject)],
  });
}

/** The kernel shows this for a group that a user namespace doesn't know (overflowgid in proc(5)). */
const overflowGroup = 65_534;

function judgeGroup({ socket }: Facts, subject: Subject, { identity }: Inspection): Outcome {
  const { name } = subject.container;
  const { uid, gid, groups } = identity;
  if (uid === 0) return ok;
  if (!socket.known) return unchecked(`${name}: ${socket.why}`);
  const { gid: wanted, mode } = socket.value;
  const isOpen = (mode & 0o006) === 0o006;
  if (isOpen || uid === socket.value.uid || gid === wanted || groups.includes(wanted)) return ok;
  if (wanted === overflowGroup) return unchecked(`${name}: the engine remaps users, so the group of its socket is not seen from here`);
  if (gid === undefined) return unchecked(`${name}: the group of its user stands in its image, which is not read`);
  return finding(
    subject,
    `it runs with group ${gid}, but the engine's socket belongs to group ${wanted}: it may not open it`,
    `set DOCKER_GID=${wanted} in .env; where compose.yml does not use it, add this line`,
    { paste: [...composeLines(subject, [`group_add: ["${wanted}"]`]), '', recreate(subject)], unless: ['stale-socket'] },
  );
}

function judgeSocket(facts: Facts, subject: Subject): Outcome {
  const stale = facts.staleMounts.get(subject.container.id);
  if (stale === undefined || !stale.known) return unchecked(`${subject.container.name}: ${stale?.why ?? 'its mounts were not looked at'}`);
  const found = stale.value.find(isSocket);
  if (found === undefined) return ok;
  return finding(subject, `its ${found} is a socket that no longer exists: it hears nothing of the engine`, 'restart it', {
    paste: [recreate(subject)],
  });
}
