import { expect } from 'vitest';
import { waitUntil } from '../wait-until.ts';
import { usualRoutes } from './check-case.ts';
import type { RefusalScene } from './scene.ts';

/** A frontend's mounts. */
export interface Mounts {
  readonly configs: readonly Readonly<Record<string, unknown>>[];
  readonly volumes: readonly string[];
}

/** A frontend that ignores the published file, or can't report it, without a refusal. */
export interface Ignored {
  readonly what: string;
  /** The extra service. */
  readonly service: string;
  /** The mounts that differ from the usual frontend's. */
  readonly differs: (usual: Mounts) => Partial<Mounts>;
  readonly code: string;
  readonly message: RegExp;
  /** Serves the published file anyway. */
  readonly serves?: true;
}

/** A config of the stack with a rival server on the status port. */
export const shadow = { shadow: 'server { listen 8084; location / { return 200 "all is well\\n"; } }\n' };

export const ignored: readonly Ignored[] = [
  {
    what: 'the stub is missing',
    service: 'odd-bare',
    differs: () => ({ configs: [] }),
    code: 'reload-unverified',
    message: /ECONNREFUSED/,
  },
  {
    what: 'another folder is mounted',
    service: 'odd-elsewhere',
    differs: () => ({ volumes: ['snippets:/etc/nginx/meet-routing:ro'] }),
    code: 'reload-pending',
    message: /still serves no routes/,
  },
  {
    what: 'something else answers on the status port',
    service: 'odd-shadowed',
    differs: ({ configs }) => ({ configs: [...configs, { source: 'shadow', target: '/etc/nginx/conf.d/a-shadow.conf' }] }),
    code: 'reload-unverified',
    message: /something else answers on the status port/,
    serves: true,
  },
];

/** More reloads than meet-gen needs to assume a refusal. */
const manySignals = 4;

/** Changes the structure while only this frontend runs: a problem gives the reason, and no rollback follows. */
export async function checkIgnored(scene: RefusalScene, { service, code, message, serves }: Ignored): Promise<void> {
  const { meet, access } = scene;
  const odd = `${service}-1`;
  await scene.converged();
  await meet.routed(usualRoutes);
  const before = (await meet.log()).length;
  try {
    await meet.scale({ [service]: 1 });
    await waitUntil('the frontend has a status', async () => (await frontendStatus(scene, odd))?.phase !== undefined);
    await meet.scale({ frontend: 0 });
    await meet.scale({ files: 1 });
    await waitUntil('the change is published', async () => (await scene.published()).includes('location = /files '));
    await scene.problem(code, message);
    if (serves === true) await meet.routed({ ...usualRoutes, '/files': ['files-1'] }, odd);
    if (code === 'reload-pending' && access.name !== 'hook')
      await waitUntil('the reload is repeated', async () => ((await frontendStatus(scene, odd))?.signals ?? 0) > manySignals, 60_000);
    expect(await scene.published()).toContain('location = /files ');
    expect(JSON.stringify((await meet.log()).slice(before))).not.toContain('reload-rejected');
  } finally {
    await meet.scale({ frontend: 1, files: 0, [service]: 0 });
  }
  // For a moment no frontend runs, and `converged` returns early.
  await waitUntil('no problem is left', async () => (await scene.converged()).problems.length === 0);
  await meet.routed(usualRoutes);
}

async function frontendStatus(
  { meet }: RefusalScene,
  name: string,
): Promise<{ readonly phase?: string; readonly signals?: number } | undefined> {
  const { instances } = await meet.status();
  return instances.flatMap(({ frontends }) => frontends).find(({ container }) => container === meet.container(name));
}
