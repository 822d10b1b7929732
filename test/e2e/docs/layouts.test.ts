import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { composeProjectName, runLabel } from '../../providers/engine/test-run.ts';
import { documentedBlock } from '../../support/docs/pages.ts';
import { readDiff, type BeforeAndAfter } from '../../support/docs/read-diff.ts';
import { runBlock, tryBlock } from '../../support/docs/run-block.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { provideMeetGenImage } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { ask, type Answer } from '../seed/ask.ts';
import { createUser, type User } from './user.ts';

// Compose files of real users: from "without meet-gen" through the diff to live routes, and back.

const engine = providedEngine();
const images = providedImages();
const page = 'docs/recipes/from-hand-written.md';
const limitMs = 60_000;
const api = '/api/v1.0/config/';
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

interface Layout {
  readonly name: string;
  readonly diff: string;
  /** The names of the frontend's and the backend's service. */
  readonly frontend?: string;
  readonly backend?: string;
  /** The network of the outer proxy. */
  readonly shared?: string;
  /** More stand-ins of services, as compose text. */
  readonly standIns?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** Fills in templates at the start, as nginx's own image does, for a user of group 0. */
const withTemplates = `
    build:
      dockerfile_inline: |
        FROM ${images.frontend['1.30']}
        USER root
        RUN chmod g+w /etc/nginx/conf.d && printf '%s\\n' '#!/bin/sh' 'for one in /etc/nginx/templates/*.template; do' \\
          '  [ ! -e "$$one" ] || sed -e "s/[$$]{BACKEND_HOST}/$$BACKEND_HOST/; s/[$$]{FRONTEND_HOST}/$$FRONTEND_HOST/" "$$one" \\' \\
          '    > /etc/nginx/conf.d/$$(basename "$$one" .template)' 'done' > /docker-entrypoint.d/20-templates.sh \\
          && chmod +x /docker-entrypoint.d/20-templates.sh
        USER 1001:127
      labels: ["${runLabel}"]
`;

const layouts: readonly Layout[] = [
  {
    name: 'official',
    diff: documentedBlock('docs/recipes/from-meets-compose.md', 'the official compose'),
    shared: 'proxy-tier',
    standIns: ['postgresql', 'redis', 'livekit'].map((name) => `  ${name}: { image: "${images.idle}" }`).join('\n'),
    files: {
      '.env': 'MEET_HOST=meet.example.com\nBACKEND_HOST=backend\nFRONTEND_HOST=frontend\n',
      'env.d/common': 'DJANGO_ALLOWED_HOSTS=*\n',
      'env.d/postgresql': 'DB_HOST=postgresql\n',
      'default.conf.template': read('layouts/default.conf.template'),
    },
  },
  { name: 'panel', diff: read('layouts/network-named-like-the-project.diff'), shared: 'panel' },
  { name: 'traefik', diff: read('layouts/traefik-in-front.diff'), shared: 'web' },
  { name: 'own-names', diff: read('layouts/names-of-their-own.diff'), frontend: 'visio-web', backend: 'visio-api' },
];

describe.sequential.each(layouts)(
  '$name',
  ({ name, diff, frontend = 'frontend', backend = 'backend', shared, standIns = '', files = {} }) => {
    const tag = (image: string): string => `meet-gen-test/${composeProjectName(name)}/${image}:v1.27.0`;
    let user: User;
    let compose: BeforeAndAfter;
    let sharedNetwork: string;

    beforeAll(async () => {
      user = await createUser(engine, images, name);
      sharedNetwork = `${user.project}-shared`;
      if (shared !== undefined) await docker(engine, ['network', 'create', '--label', runLabel, sharedNetwork]);
      // Recognized by their names, as the real images are.
      await docker(engine, ['tag', images.backend, tag('meet-backend')]);
      if (name !== 'official') await docker(engine, ['tag', images.frontend['1.30'], tag('meet-frontend')]);
      await docker(engine, ['tag', await provideMeetGenImage(engine), user.image]);
      for (const [file, text] of Object.entries({ 'nginx-routing.conf': read('../seed/nginx-routing.conf'), ...files })) {
        mkdirSync(join(user.folder, 'env.d'), { recursive: true });
        writeFileSync(join(user.folder, file), text);
      }
      const group = (await runBlock(user, page, "the socket's group")).trim();
      compose = readDiff(user.rename(diff).replace('["999"]', `["${group}"]`));
    });
    afterAll(async () => {
      await user?.remove();
      if (shared !== undefined) await docker(engine, ['network', 'rm', sharedNetwork]);
      await docker(engine, ['image', 'rm', '--force', tag('meet-backend'), tag('meet-frontend')]);
    });
    stopAtFirstFailure();

    function use(file: string, sidecar: string): void {
      const override = `
services:
  ${frontend}:
    image: "${tag('meet-frontend')}"
    ports: ["${engine.publishAddress}::8083"]${name === 'official' ? withTemplates : ''}
  ${backend}: { image: "${tag('meet-backend')}", healthcheck: { test: ["CMD", "true"], interval: 1s } }
${standIns}
${sidecar}
${shared === undefined ? '' : `networks: { ${shared}: { name: "${sharedNetwork}" } }`}
`;
      user.use({ 'compose.yml': file, 'stand-ins.yml': override });
    }

    async function get(path: string): Promise<Answer | undefined> {
      const port = await user.port(frontend, 8083);
      return ask(port, { method: 'GET', path, headers: { 'X-Forwarded-Proto': 'https' }, kind: 'usual' }).catch(() => undefined);
    }
    const isByHand = async (): Promise<boolean> =>
      (await get(api))?.by === 'backend' && (await get('/api-abcd-efg'))?.fields['status'] === '404';

    test('works by hand, and the doctor checks it without a change', async () => {
      use(compose.before, '');
      await user.compose('up', '--detach');
      await waitUntil('the API answers', isByHand, limitMs);
      const { code, stdout, stderr } = await tryBlock(user, page, 'doctor first');
      expect({ code, stderr }, stdout).toEqual({ code: 7, stderr: '' });
      expect(stdout).toContain(user.project);
      await waitUntil('the API still answers by hand', isByHand, limitMs);
    });

    test('serves the routes from labels after the diff and one command', async () => {
      use(compose.after, `  meet-gen: { image: "${user.image}" }`);
      await runBlock(user, page, 'go');
      let last = '';
      const isLive = async (): Promise<boolean> => {
        const { code, stdout, stderr } = await tryBlock(user, page, 'is it live');
        last = stdout + stderr;
        return code === 0;
      };
      await waitUntil('all routes are live', isLive, limitMs, () => last);
      expect((await get(api))?.by).toBe('backend');
      expect((await get('/api-abcd-efg'))?.fields['body']).toContain('SPA of ');
    });

    test('goes back to the hand-written file', async () => {
      use(compose.before, '');
      await runBlock(user, page, 'the way back');
      await waitUntil('the API answers by hand', isByHand, limitMs);
    });
  },
);
