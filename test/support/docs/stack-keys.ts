// Keys of compose that `docker stack deploy` has no use for. e2e/compose/stack.test.ts asks the docker CLI about each row.

/** A key, and a file with a use of the key. */
interface StackKey {
  readonly key: string;
  readonly file: object;
}

const ofService = (key: string, value: unknown, rest: object = {}): StackKey => ({
  key,
  file: { services: { a: { image: 'a', [key]: value } }, ...rest },
});

/** The deployment fails. */
export const refusedByStack: readonly StackKey[] = [
  { key: 'name', file: { name: 'meet', services: {} } },
  { key: 'include', file: { include: ['a.yml'], services: {} } },
  { key: 'content', file: { services: {}, configs: { a: { content: 'text' } } } },
  ofService('pull_policy', 'never'),
  ofService('group_add', ['999']),
  ofService('profiles', ['a']),
  ofService('volumes_from', ['a']),
  ofService('scale', 3),
  ofService('depends_on', { a: { condition: 'service_healthy' } }),
  ofService('extends', { service: 'a' }),
];

/** The CLI names the key, and deploys without it. */
export const ignoredByStack: readonly StackKey[] = [
  ofService('build', '.'),
  ofService('restart', 'always'),
  ofService('security_opt', ['no-new-privileges:true']),
  ofService('network_mode', 'host'),
  ofService('privileged', true),
  ofService('pid', 'host'),
  ofService('ipc', 'host'),
  ofService('devices', ['/dev/null']),
  ofService('shm_size', '1m'),
  ofService('userns_mode', 'host'),
  ofService('container_name', 'a'),
  ofService('expose', ['80']),
];

/** No line, and no effect. */
export const withoutEffectInStack: readonly string[] = ['depends_on', 'tmpfs'];
