import { describe, expect, it } from 'vitest';
import { afterConnect, afterDisconnect, afterList, afterListFailure } from '../../../src/sidecar/engine-connection.ts';
import type { EngineConnection } from '../../../src/sidecar/engine-connection.ts';

type Step = (before: EngineConnection) => EngineConnection;
const connect: Step = afterConnect;
const list: Step = afterList;
const failList =
  (reason: string, at: string): Step =>
  (before) =>
    afterListFailure(before, reason, at);
const disconnect =
  (reason: string, at: string): Step =>
  (before) =>
    afterDisconnect(before, reason, at);

function after(...steps: readonly Step[]): EngineConnection {
  return steps.reduce<EngineConnection>((before, step) => step(before), { isConnected: false });
}

describe('the reported failure of the view, and since when', () => {
  it.each<[string, readonly Step[], Partial<EngineConnection>]>([
    ['none', [connect, list], { isConnected: true, failure: undefined, failingSince: undefined }],
    ['a failed list', [connect, failList('no list', '1')], { isConnected: true, failure: 'no list', failingSince: '1' }],
    ['retries keep the first reason', [failList('a', '1'), failList('b', '2')], { failure: 'a', failingSince: '1' }],
    ['a lost stream', [connect, disconnect('cut', '1')], { isConnected: false, failure: 'cut', failingSince: '1' }],
    ['both: the older reason', [disconnect('cut', '1'), failList('no list', '2')], { failure: 'cut', failingSince: '1' }],
    ['one of two works again', [disconnect('cut', '1'), failList('no list', '2'), list], { failure: 'cut', failingSince: '1' }],
    ['the other works again', [failList('no list', '1'), disconnect('cut', '2'), connect], { failure: 'no list', failingSince: '1' }],
    ['both work again', [failList('a', '1'), disconnect('b', '2'), list, connect], { failure: undefined, failingSince: undefined }],
    ['a second failure later', [failList('a', '1'), list, failList('b', '2')], { failure: 'b', failingSince: '2' }],
  ])('%s', (_, steps, expected) => {
    expect(after(...steps)).toMatchObject(expected);
  });
});
