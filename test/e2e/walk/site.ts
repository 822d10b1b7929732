import { readFileSync } from 'node:fs';
import type { MeetOptions } from '../../support/meet-stack.ts';
import type { Place } from '../services/ask.ts';

/** A Meet for visitors: its host name, its proxy, and the project of the containers that may answer. */
export interface Site {
  /** The compose project. */
  readonly project: string;
  readonly host: string;
  /** The address of nginx-proxy or its stand-in. */
  readonly outer: Place;
  /** A container on the proxy's network, but not on a network of this Meet. */
  readonly outsider: string;
}

const script = (name: string): string => readFileSync(new URL(`../../support/media/${name}.mjs`, import.meta.url), 'utf8');

/**
 * Compose services that a user adds to a Meet: recordings, calls from inside and another service, by docs/media.md.
 * Also Django's stand-in. Every file in its S3 holds only the project's name.
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
      // Takes addresses that other containers free.
      squatter: { image: 'meet-gen-test/idle:latest', networks: ['internal'], scale: 0 },
    },
    configs: { django: script('backend'), s3: script('s3') },
  };
}
