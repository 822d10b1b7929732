import { describe, expect, it } from 'vitest';
import { isComposeOneOff, readMember } from '../../../src/model/member.ts';
import { container } from '../../support/containers.ts';

const read = (role: string, labels: Readonly<Record<string, string>>, name = 'some-container'): ReturnType<typeof readMember> =>
  readMember(container({ name, labels: { 'meet.role': role, ...labels } }));

const project = 'com.docker.compose.project';
const service = 'com.docker.compose.service';
const stack = 'com.docker.stack.namespace';
const swarmService = 'com.docker.swarm.service.name';

describe('the instance of a container', () => {
  it.each([
    ['meet.instance before all else', { 'meet.instance': 'a', [project]: 'b', [stack]: 'c' }, 'a'],
    ['the compose project', { [project]: 'b', [stack]: 'c' }, 'b'],
    ['the stack namespace', { [stack]: 'c' }, 'c'],
    ['default without any', {}, 'default'],
    ['the project where meet.instance is refused', { 'meet.instance': 'A B', [project]: 'b' }, 'b'],
    ['meet.instance where the project is no instance', { 'meet.instance': 'a', [project]: 'Big Project' }, 'a'],
  ])('is %s', (_, labels, expected) => {
    expect(read('frontend', labels).member?.instance).toBe(expected);
  });

  it.each(['../etc', 'a/b', '', 'Meet', 'x;', 'a\nb', '.hidden', 'x'.repeat(64)])(
    'is unknown with the project name %j: the container is ignored, with a problem',
    (name) => {
      const { member, problems } = read('backend', { [project]: name });
      expect(member).toBeUndefined();
      expect(problems).toMatchObject([{ code: 'no-instance', container: 'some-container', key: project }]);
    },
  );
});

describe('the service of a container', () => {
  it.each([
    ['meet.service before all else', 'backend', { 'meet.service': 'a', [service]: 'b', [swarmService]: 'c' }, 'a'],
    ['the compose service', 'backend', { [service]: 'b', [swarmService]: 'c' }, 'b'],
    ['the swarm service', 'backend', { [swarmService]: 'c' }, 'c'],
    ['one for all unnamed backends', 'backend', {}, 'backend'],
    ['the container name of an unnamed service', 'service', {}, 'some-container'],
    ['the compose service where meet.service is refused', 'backend', { 'meet.service': 'a b', [service]: 'b' }, 'b'],
  ])('is %s', (_, role, labels, expected) => {
    expect(read(role, labels).member).toHaveProperty('service', expected);
  });

  it('is absent for a frontend', () => {
    expect(read('frontend', { [service]: 'frontend' }).member).not.toHaveProperty('service');
  });

  it.each(['a b', 'x;}', '$host', '', 'a/b', 'x'.repeat(64)])(
    'is unknown with the name %j: the container gets no route, with a problem',
    (name) => {
      const { member, problems } = read('backend', { [service]: name });
      expect(member).toBeUndefined();
      expect(problems).toMatchObject([{ code: 'no-service', instance: 'default' }]);
    },
  );

  it('is unknown with a container name that the current engine refuses', () => {
    expect(read('service', {}, 'x\nserver { listen 1; }').problems).toMatchObject([{ code: 'no-service' }]);
  });
});

describe('a one-off of docker compose run', () => {
  it.each([
    ['True', true],
    ['true', true],
    ['False', false],
    ['', false],
    ['yes', false],
  ])('is known by its label %j: %s', (value, expected) => {
    expect(isComposeOneOff(container({ name: 'c', labels: { 'com.docker.compose.oneoff': value } }))).toBe(expected);
  });

  it('needs the label', () => {
    expect(isComposeOneOff(container({ name: 'c' }))).toBe(false);
  });
});
