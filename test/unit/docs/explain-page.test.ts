import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import { printExplanation } from '../../../src/explain/print.ts';
import { backend, container, filesService, frontend } from '../../support/containers.ts';
import { documentedBlock } from '../../support/docs/pages.ts';
import { factsOf } from '../../support/explain-facts.ts';

const internal = (last: number): Readonly<Record<string, string>> => ({ meet_internal: `172.18.0.${last}/16` });

const meet = factsOf(
  [
    frontend({ networks: { ...internal(2), proxy: '172.20.0.2/16' } }),
    backend({ networks: internal(5), health: 'healthy' }),
    backend({ name: 'meet-backend-2', networks: internal(6), health: 'starting' }),
    backend({ name: 'meet-backend-3', networks: internal(7), health: 'healthy' }),
    backend({ name: 'meet-backend-run-4f1c', networks: internal(8), oneOff: true }),
    filesService({ networks: { meet_storage: '172.21.0.4/16' }, labels: { 'meet.paths': '/files' } }),
    container({
      name: 'meet-notes-1',
      project: 'meet',
      service: 'notes',
      networks: internal(9),
      labels: { 'meet.role': 'service', 'meet.path': '/notes' },
    }),
  ],
  { stopping: ['meet-backend-3'] },
);

const board = factsOf([
  frontend({ networks: { ...internal(2), proxy: '172.20.0.2/16' } }),
  container({
    name: 'meet-board-1',
    project: 'meet',
    service: 'board',
    networks: internal(9),
    labels: {
      'meet.role': 'service',
      'meet.port': '3000',
      'meet.paths': '/board',
      'meet.allow.staff': '/board/admin from 10.8.0.0/16',
    },
  }),
]);

describe('docs/explain.md shows the output of the command', () => {
  it.each([
    ['the backend answers', 'https://meet.example.com/api/v1.0/config/', meet],
    ['nobody in rotation', '/files/report.pdf', meet],
    ['nobody has the path', '/notes', meet],
    ['a refused path', '/board/admin/../pub', board],
  ])('%s: %s', (block, target, facts) => {
    const lines = printExplanation(explain(target, facts));
    expect(documentedBlock('docs/explain.md', block)).toBe([`$ meet-gen explain ${target}`, ...lines].join('\n'));
  });
});
