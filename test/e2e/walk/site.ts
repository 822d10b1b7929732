import { readFileSync } from 'node:fs';
import type { MeetOptions } from '../../support/meet-stack.ts';
import type { Place } from '../services/ask.ts';

/** A Meet as its visitors know it, and the containers that alone may answer them. */
export interface Site {
  /** The compose project. */
  readonly project: string;
  readonly host: string;
  /** Where nginx-proxy is, or who stands in for it. */
  readonly outer: Place;
  /** A container that is on the proxy's network, but on none of this Meet's own. */
  readonly outsider: string;
}

const script = (name: string): string => readFileSync(new URL(`../../support/media/${name}.mjs`, import.meta.url), 'utf8');

/**
 * What a user adds to a Meet for recordings, for calls from inside and for a service of his own, by compose's words and as docs/media.md
 * has it; and Django's stand-in. Its S3 holds nothing but the project's name.
 */
export function siteAdditions(host: string, project: string): Required<Pick<MeetOptions, 'services' | 'configs'>> {
  const image = 'meet-gen-test/backend:latest';
  return {
    services: {
      frontend: {
        labels: { 'meet.role': 'frontend', 'meet.host': host },
        networks: { proxy: {}, internal: { aliases: ['meet-inside'] } },
      },
      backend: { configs: [{ source: 'django', target: '/django.mjs' }], command: ['node', '/django.mjs'] },
      minio: {
        image,
        configs: [{ source: 's3', target: '/s3.mjs' }],
        command: ['node', '/s3.mjs'],
        environment: { S3_CONTENT: project },
        labels: { 'meet.role': 'media', 'meet.media.bucket': 'meet-media-storage' },
        networks: ['internal'],
      },
      board: {
        image,
        labels: {
          'meet.role': 'service',
          'meet.port': '8000',
          'meet.paths': '/board',
          'meet.websocket': 'true',
          'meet.route.app.path': '/app',
          'meet.route.app.strip': 'true',
          'meet.allow.staff': '/board/admin from 192.0.2.0/24',
          'meet.allow.near': '/board/near from 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16',
        },
        networks: ['internal'],
      },
      // Takes the addresses that others leave.
      squatter: { image: 'meet-gen-test/idle:latest', networks: ['internal'], scale: 0 },
    },
    configs: { django: script('backend'), s3: script('s3') },
  };
}
