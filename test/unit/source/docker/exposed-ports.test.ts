import { describe, expect, it } from 'vitest';
import { createPortReader, withExposedPorts } from '../../../../src/source/docker/exposed-ports.ts';
import type { AddPorts } from '../../../../src/source/docker/exposed-ports.ts';
import type { EngineClient } from '../../../../src/source/docker/engine-client.ts';
import { EngineError } from '../../../../src/source/engine-error.ts';
import type { Container } from '../../../../src/model/container.ts';
import { backend, filesService, frontend } from '../../../support/containers.ts';

const never = new AbortController().signal;

/** A reader whose engine tells these ports, or fails so; `asked` are the names that it was asked for. */
function reader(
  tell: (asks: number) => readonly number[] | Error,
  only?: string,
): { readonly addPorts: AddPorts; readonly exposedTcpPorts: EngineClient['exposedTcpPorts']; readonly asked: string[] } {
  const asked: string[] = [];
  const exposedTcpPorts = ({ name }: { readonly name: string }): Promise<readonly number[]> => {
    asked.push(name);
    const told = tell(asked.length);
    return told instanceof Error ? Promise.reject(told) : Promise.resolve(told);
  };
  return { addPorts: createPortReader({ exposedTcpPorts }, only), exposedTcpPorts, asked };
}

const portless = (name = 'hosted', labels: Readonly<Record<string, string>> = {}): Container =>
  filesService({ name, ports: [], networks: { host: '' }, networkMode: 'host', labels });

describe('the ports that no list shows', () => {
  it('are asked for once, and hold for that container from then on', async () => {
    const { addPorts, asked } = reader(() => [3000, 9000]);
    const containers = [frontend(), portless()];
    const first = await addPorts(containers, true, never);
    expect(first).toEqual([containers[0], { ...containers[1], exposedTcpPorts: [3000, 9000] }]);
    expect(await addPorts(containers, true, never)).toEqual(first);
    expect(asked).toEqual(['hosted']);
  });

  it.each([
    ['one whose ports the list shows', filesService()],
    ['one with meet.port', portless('a', { 'meet.port': '3000' })],
    ['one with a named route at a port', portless('a', { 'meet.route.x.path': '/x', 'meet.route.x.port': '4000' })],
    ['one that does not run', { ...portless(), state: 'exited' as const }],
    ['a backend, whose port is 8000', backend({ ports: [] })],
    ['one without a role', { ...portless(), labels: {} }],
    ['one of another instance', portless('a', { 'meet.instance': 'other' })],
  ])('are not asked for of %s', async (_, container) => {
    const { addPorts, asked } = reader(() => [1], 'meet');
    expect(await addPorts([container], true, never)).toEqual([container]);
    expect(asked).toEqual([]);
  });

  it('are asked for where meet.port is no port', async () => {
    const { addPorts } = reader(() => [3000]);
    expect(await addPorts([portless('a', { 'meet.port': 'http' })], true, never)).toMatchObject([{ exposedTcpPorts: [3000] }]);
  });

  it('are none where it exposes none: that is known, too', async () => {
    const { addPorts } = reader(() => []);
    expect((await addPorts([portless()], true, never))[0]).not.toHaveProperty('portsUnknown');
  });

  it.each([
    ['a refusal is not asked for again soon', new EngineError('refused', { cure: '', status: 403 }), 1],
    ['an engine in trouble is asked three times at once', new EngineError('busy', { cure: '', status: 503 }), 3],
    ['so is one that gives no answer', new Error('no answer'), 3],
  ])('stay unknown, with the reason: %s', async (_, error, times) => {
    const { addPorts, asked } = reader(() => error);
    for (let round = 0; round < 5; round += 1)
      expect(await addPorts([portless()], true, never)).toMatchObject([{ portsUnknown: error.message }]);
    expect(asked).toHaveLength(times);
  });

  it('are known once the engine answers again', async () => {
    const { addPorts } = reader((asks) => (asks < 2 ? new Error('no answer') : [3000]));
    expect(await addPorts([portless()], true, never)).toMatchObject([{ portsUnknown: 'no answer' }]);
    expect((await addPorts([portless()], true, never))[0]).toEqual({ ...portless(), exposedTcpPorts: [3000] });
  });

  it('are asked for of all containers at a look, of a few at once', async () => {
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

  it('are remembered for as long as the container is there, and not when others are listed alone', async () => {
    const { addPorts, asked } = reader(() => [3000]);
    await addPorts([portless('a'), portless('b')], true, never);
    await addPorts([portless('b')], false, never);
    await addPorts([portless('a')], true, never);
    expect(asked).toEqual(['a', 'b']);
    await addPorts([portless('a'), portless('b')], true, never);
    expect(asked).toEqual(['a', 'b', 'b']);
  });

  it('end a look of the sidecar where they could not be asked for once: what was not seen takes no route away', async () => {
    const { exposedTcpPorts, asked } = reader((asks) => (asks < 2 ? new Error('no answer') : [3000]));
    const list = withExposedPorts({ list: () => Promise.resolve([portless()]), exposedTcpPorts });
    await expect(list(never)).rejects.toThrow('no answer');
    expect(await list(never)).toMatchObject([{ exposedTcpPorts: [3000] }]);
    expect(asked).toHaveLength(2);
  });
});
