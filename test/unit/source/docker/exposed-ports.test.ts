import { describe, expect, it } from 'vitest';
import { createPortReader, withExposedPorts } from '../../../../src/source/docker/exposed-ports.ts';
import type { AddPorts } from '../../../../src/source/docker/exposed-ports.ts';
import type { EngineClient } from '../../../../src/source/docker/engine-client.ts';
import { EngineError } from '../../../../src/source/engine-error.ts';
import type { Container } from '../../../../src/model/container.ts';
import { backend, filesService, frontend } from '../../../support/containers.ts';

const never = new AbortController().signal;

/** A reader whose engine answers these ports, or fails with this error. `asked` holds the names in the requests. */
function reader(
  answerTo: (asks: number) => readonly number[] | Error,
  only?: string,
): { readonly addPorts: AddPorts; readonly exposedTcpPorts: EngineClient['exposedTcpPorts']; readonly asked: string[] } {
  const asked: string[] = [];
  const exposedTcpPorts = ({ name }: { readonly name: string }): Promise<readonly number[]> => {
    asked.push(name);
    const answer = answerTo(asked.length);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { addPorts: createPortReader({ exposedTcpPorts }, only), exposedTcpPorts, asked };
}

const portless = (name = 'hosted', labels: Readonly<Record<string, string>> = {}): Container =>
  filesService({ name, ports: [], networks: { host: '' }, networkMode: 'host', labels });

describe('the reader of exposed ports', () => {
  it('asks once for each container, and keeps the answer', async () => {
    const { addPorts, asked } = reader(() => [3000, 9000]);
    const containers = [frontend(), portless()];
    const first = await addPorts(containers, true, never);
    expect(first).toEqual([containers[0], { ...containers[1], exposedTcpPorts: [3000, 9000] }]);
    expect(await addPorts(containers, true, never)).toEqual(first);
    expect(asked).toEqual(['hosted']);
  });

  it.each([
    ['a container whose ports are in the list', filesService()],
    ['a container with meet.port', portless('a', { 'meet.port': '3000' })],
    ['a container with a port in a named route', portless('a', { 'meet.route.x.path': '/x', 'meet.route.x.port': '4000' })],
    ['a stopped container', { ...portless(), state: 'exited' as const }],
    ['a backend, whose port is 8000', backend({ ports: [] })],
    ['a container without a role', { ...portless(), labels: {} }],
    ['a container of another instance', portless('a', { 'meet.instance': 'other' })],
  ])('does not ask for the ports of %s', async (_, container) => {
    const { addPorts, asked } = reader(() => [1], 'meet');
    expect(await addPorts([container], true, never)).toEqual([container]);
    expect(asked).toEqual([]);
  });

  it('asks if meet.port is not a port', async () => {
    const { addPorts } = reader(() => [3000]);
    expect(await addPorts([portless('a', { 'meet.port': 'http' })], true, never)).toMatchObject([{ exposedTcpPorts: [3000] }]);
  });

  it('also keeps the answer that no port is exposed', async () => {
    const { addPorts } = reader(() => []);
    expect((await addPorts([portless()], true, never))[0]).not.toHaveProperty('portsUnknown');
  });

  it.each([
    ['a refused call is not retried soon', new EngineError('refused', { cure: '', status: 403 }), 1],
    ['an error of the engine is retried twice without a pause', new EngineError('busy', { cure: '', status: 503 }), 3],
    ['so is a call without an answer', new Error('no answer'), 3],
  ])('leaves the ports unknown, with the reason: %s', async (_, error, times) => {
    const { addPorts, asked } = reader(() => error);
    for (let round = 0; round < 5; round += 1)
      expect(await addPorts([portless()], true, never)).toMatchObject([
        { portsUnknown: expect.stringContaining(`(${error.message})`) as string },
      ]);
    expect(asked).toHaveLength(times);
  });

  it('adds the ports when the engine answers again', async () => {
    const { addPorts } = reader((asks) => (asks < 2 ? new Error('no answer') : [3000]));
    expect(await addPorts([portless()], true, never)).toMatchObject([{ portsUnknown: expect.stringContaining('(no answer)') as string }]);
    expect((await addPorts([portless()], true, never))[0]).toEqual({ ...portless(), exposedTcpPorts: [3000] });
  });

  it('asks for all containers in one look, a few at a time', async () => {
    let underWay = 0;
    let most = 0;
    const exposedTcpPorts = async (): Promise<readonly number[]> => {
      most = Math.max(most, (underWay += 1));
      await new Promise((resolve) => setTimeout(resolve, 1));
      underWay -= 1;
      return [3000];
    };
    const containers = Array.from({ length: 40 }, (_, index) => portless(`c${index}`));
    const shown = await createPortReader({ exposedTcpPorts }, undefined)(containers, true, never);
    expect(shown.every(({ exposedTcpPorts: [port] }) => port === 3000)).toBe(true);
    expect(most).toBe(16);
  });

  it('forgets a container that a full list no longer shows; a partial list forgets no container', async () => {
    const { addPorts, asked } = reader(() => [3000]);
    await addPorts([portless('a'), portless('b')], true, never);
    await addPorts([portless('b')], false, never);
    await addPorts([portless('a')], true, never);
    expect(asked).toEqual(['a', 'b']);
    await addPorts([portless('a'), portless('b')], true, never);
    expect(asked).toEqual(['a', 'b', 'b']);
  });

  it('fails the look of the sidecar at a first failure, so that no route is removed', async () => {
    const { exposedTcpPorts, asked } = reader((asks) => (asks < 2 ? new Error('no answer') : [3000]));
    const list = withExposedPorts({ list: () => Promise.resolve([portless()]), exposedTcpPorts });
    await expect(list(never)).rejects.toThrow('no answer');
    expect(await list(never)).toMatchObject([{ exposedTcpPorts: [3000] }]);
    expect(asked).toHaveLength(2);
  });
});
