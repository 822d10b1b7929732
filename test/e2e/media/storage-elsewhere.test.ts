import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { providedEngine } from '../../providers/engine/provided.ts';
import { makeAuthority } from '../../support/certificates.ts';
import { asComposeFile, readYaml } from '../../support/docs/check-compose.ts';
import { documentedBlock } from '../../support/docs/pages.ts';
import { ask, type Answer } from '../../support/media/ask.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';

// The documented nginx in front of a provider's S3, which speaks TLS and is not a container of this project.

const file = '/media/recordings/6d0d7e3c-1111-4222-8333-123456789abc.mp4';
const image = 'meet-gen-test/backend:latest';
const script = (name: string): string => readFileSync(new URL(`../../support/media/${name}.mjs`, import.meta.url), 'utf8');

const read = (path: string): string => readFileSync(path, 'utf8');
const mounted = (source: string, target: string): object => ({ source, target });

interface Documented {
  readonly services: { readonly storage: { readonly configs: readonly object[] } };
  readonly configs: { readonly storage: { readonly content: string } };
}

let meet: MeetStack;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'meet-gen-storage-'));
  const authority = await makeAuthority(join(folder, 'authority'));
  const issued = await authority.issue('s3', { altName: 'DNS:s3.example.com' });
  const { services, configs } = asComposeFile(readYaml(documentedBlock('docs/media.md', 'storage elsewhere'))) as unknown as Documented;
  meet = await startMeet(providedEngine(), 'storage-elsewhere', {
    configs: {
      s3: script('s3'),
      django: script('backend'),
      cert: read(join(issued, 'cert.pem')),
      key: read(join(issued, 'key.pem')),
      ca: read(authority.caFile),
      storage: configs.storage.content.replaceAll('$$', '$'),
    },
    services: {
      backend: {
        configs: [mounted('django', '/django.mjs')],
        command: ['node', '/django.mjs'],
        environment: { S3_HOST: 's3.example.com' },
      },
      storage: {
        ...services.storage,
        // nginx with the documented configuration, in the frontend's image.
        image: 'meet-gen-test/frontend:1.30',
        command: ['nginx', '-g', 'daemon off;'],
        configs: [...services.storage.configs, mounted('ca', '/etc/ssl/certs/ca-certificates.crt')],
      },
      provider: {
        image,
        command: ['node', '/s3.mjs'],
        environment: { S3_TLS: '1' },
        configs: [mounted('s3', '/s3.mjs'), mounted('cert', '/cert.pem'), mounted('key', '/key.pem')],
        networks: { internal: { aliases: ['s3.example.com'] } },
      },
    },
  });
  await meet.converged();
});
afterAll(async () => {
  await meet?.down();
  rmSync(folder, { recursive: true });
});

const get = (cookie: string): Promise<Answer> => ask(meet, file, { headers: { cookie, range: 'bytes=0-3' } });

test('serves a file from the provider to allowed users only', async () => {
  let last = '';
  const isThere = async (): Promise<boolean> => {
    const { status, body } = await get('sessionid=owner');
    last = `${status} ${body.toString()}`;
    return status === 206;
  };
  await waitUntil('the backend and S3 listen', isThere, 60_000, () => last);
  expect((await get('sessionid=owner')).body.toString()).toBe('meet');
  expect((await get('sessionid=other')).status).toBe(403);
});
