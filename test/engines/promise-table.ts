import { engineKinds, rootlessKinds } from '../providers/engines/engine-kinds.ts';
import { behaviours, type Behaviour } from './behaviours.ts';
import { limits } from './limits.ts';

/** The columns of the table in docs/engines.md, with the engines of the tests that stand for them. */
const columns: Readonly<Record<string, readonly string[]>> = {
  'Docker 20.10': ['docker-20.10'],
  'Docker 23–25': [],
  'Docker 26–28': ['docker-28', 'docker-28-containerd-store', 'docker-28-remapped-users'],
  'Docker 29': [],
  'rootless Docker': ['docker-28-rootless'],
  'Podman 4': ['podman-4.3'],
  'Podman 5': ['podman-5.4'],
  'rootless Podman': ['podman-5.4-rootless'],
};

/** @throws Error if an engine of the tests is in no column */
export function promiseTable(): string {
  const shown = new Set(Object.values(columns).flat());
  const missing = [...engineKinds, ...rootlessKinds].filter(({ name }) => !shown.has(name));
  if (missing.length > 0) throw new Error(`no column has ${missing.map(({ name }) => name).join(', ')}`);
  const rows = [
    ['behaviour', ...Object.keys(columns)],
    ['---', ...Object.keys(columns).map(() => '---')],
    ...(Object.keys(behaviours) as Behaviour[]).map((name) => [name, ...Object.values(columns).map((kinds) => cell(kinds, name))]),
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function cell(kinds: readonly string[], behaviour: Behaviour): string {
  const found = kinds.flatMap((kind) => limits[kind]?.[behaviour] ?? []);
  if (found.some((limit) => limit.of === 'engine')) return 'no';
  if (kinds.length === 0 || found.length > 0) return 'not tried';
  return kinds.every((kind) => rootlessKinds.some(({ name }) => name === kind)) ? 'long test' : 'test';
}
