import { compareText } from './foreign-text.ts';
import { allowPrefix } from './allow-labels.ts';
import { labelTable } from './label-table.ts';
import type { LabelName, Labels } from './label-table.ts';
import { isNginx } from './member.ts';
import type { Member } from './member.ts';
import { routePrefix } from './named-routes.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

/**
 * The labels that hold for all of them: where those that run disagree (a rolling change), the newest container's, with
 * one warning. One that was only created may never start.
 */
export function agree(all: readonly Member[], instance: string, whose: string, problems: Problem[]): Labels {
  const members = preferRunning(all);
  const latest = newest(members);
  if (latest === undefined) return {};
  const perReplica: readonly LabelName[] = isNginx(latest)
    ? ['network', 'instance']
    : ['port', 'network', 'instance', 'service', 'health', 'drain', 'weight', 'backup', 'maxConns'];
  const shared = (Object.keys(labelTable) as LabelName[]).filter((name) => !perReplica.includes(name));
  const disputed = shared.filter((name) =>
    members.some((member) => JSON.stringify(member.labels[name]) !== JSON.stringify(latest.labels[name])),
  );
  const differ = (family: 'routes' | 'allow'): boolean =>
    members.some(({ labels }) => JSON.stringify(labels[family]) !== JSON.stringify(latest.labels[family]));
  const families = [...(differ('routes') ? [`${routePrefix}*`] : []), ...(differ('allow') ? [`${allowPrefix}*`] : [])];
  const isRoleDisputed = members.some((member) => member.role !== latest.role);
  const keys = [...(isRoleDisputed ? ['meet.role'] : []), ...disputed.map((name) => labelTable[name].key), ...families];
  if (keys.length > 0) {
    problems.push(
      problem('replicas-disagree', {
        instance,
        container: latest.container.name,
        key: keys.join(', '),
        message: `${whose} carry different values; those of the newest container hold`,
        cure: 'recreate the older ones, so that all carry the same labels',
      }),
    );
  }
  return latest.labels;
}

/** Running ones when there are any: what doesn't run must not decide for what does. */
export function preferRunning<Kind extends Member>(members: readonly Kind[]): readonly Kind[] {
  const running = members.filter((member) => member.container.state === 'running');
  return running.length > 0 ? running : members;
}

/** The one that was created last; undefined of none. */
export function newest<Kind extends Member>(members: readonly Kind[]): Kind | undefined {
  return byAge(members).at(-1);
}

/** Oldest first; of the same second, the lowest id last. */
function byAge<Kind extends Member>(members: readonly Kind[]): readonly Kind[] {
  return members.toSorted(
    (left, right) =>
      left.container.createdAtSeconds - right.container.createdAtSeconds || compareText(right.container.id, left.container.id),
  );
}
