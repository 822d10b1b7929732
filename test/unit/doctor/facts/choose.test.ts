import { expect, test } from 'vitest';
import { chooseSubjects } from '../../../../src/doctor/facts/choose.ts';
import type { ListedContainer } from '../../../../src/doctor/facts/facts.ts';
import { container, type ContainerSketch } from '../../../support/containers.ts';

const listed = (image: string, sketch: ContainerSketch): ListedContainer => ({ image, container: container(sketch) });
const networks = (...names: readonly string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, '172.20.0.2/16']));

const frontend = listed('lasuite/meet-frontend:v1', {
  name: 'frontend',
  project: 'meet',
  labels: { 'meet.role': 'frontend' },
  networks: networks('proxy', 'meet_internal'),
});
const database = listed('postgres:16', { name: 'database', project: 'meet', networks: networks('meet_internal') });
const oneOff = listed('lasuite/meet-backend:v1', { name: 'migrate', project: 'meet', oneOff: true, labels: { 'meet.role': 'backend' } });
const proxy = listed('nginxproxy/nginx-proxy:1.11.6', { name: 'proxy', project: 'web', networks: networks('proxy') });
const acme = listed('nginxproxy/acme-companion:2.8.2', { name: 'acme', project: 'web', networks: networks('proxy') });
const far = listed('nginxproxy/nginx-proxy:1.11.6', { name: 'far', project: 'other', networks: networks('elsewhere') });
const docs = listed('lasuite/docs-frontend:v1', { name: 'docs', project: 'docs', service: 'frontend', networks: networks('proxy') });
const other = listed('lasuite/meet-frontend:v1', {
  name: 'other',
  project: 'other',
  labels: { 'meet.role': 'frontend' },
  networks: networks('elsewhere'),
});
const unlabelled = listed('lasuite/meet-backend:v1', { name: 'unlabelled', project: 'third' });

const names = (all: readonly ListedContainer[], only?: string): readonly string[] =>
  chooseSubjects(all, only).map((one) => one.container.name);

test.each([
  {
    what: 'the whole project, and the proxy that it shares a network with',
    all: [frontend, database, proxy, acme, docs, far],
    chosen: ['frontend', 'database', 'proxy', 'acme'],
  },
  { what: 'one-offs and neighbours are left out', all: [frontend, oneOff, docs], chosen: ['frontend'] },
  { what: 'a proxy somewhere else, where there is no other', all: [frontend, far], chosen: ['frontend', 'far'] },
  { what: "what has Meet's image and no label", all: [unlabelled, docs], chosen: ['unlabelled'] },
  { what: 'all Meets', all: [frontend, other, proxy, far], chosen: ['frontend', 'other', 'far', 'proxy'] },
  { what: 'one Meet', all: [frontend, other, proxy, far], only: 'meet', chosen: ['frontend', 'proxy'] },
  { what: 'nothing', all: [docs], chosen: [] },
])('$what', ({ all, only, chosen }) => {
  expect(names(all, only)).toEqual(chosen);
});
