/**
 * The state of the two ways to the engine, lists and the event stream. Each way can fail alone, and keeps its first error
 * until it works again. If both fail, meet-gen reports the older error, so that the report stays the same during retries.
 */
export interface EngineConnection {
  /** The event stream is open. */
  readonly isConnected: boolean;
  readonly listFailure?: string | undefined;
  readonly streamFailure?: string | undefined;
  /** The reported error. */
  readonly failure?: string | undefined;
}

export function afterList(before: EngineConnection): EngineConnection {
  return { ...before, listFailure: undefined, failure: before.streamFailure === undefined ? undefined : before.failure };
}

export function afterListFailure(before: EngineConnection, reason: string): EngineConnection {
  const listFailure = before.listFailure ?? reason;
  return { ...before, listFailure, failure: before.streamFailure === undefined ? listFailure : before.failure };
}

export function afterConnect(before: EngineConnection): EngineConnection {
  return { ...before, isConnected: true, streamFailure: undefined, failure: before.listFailure === undefined ? undefined : before.failure };
}

export function afterDisconnect(before: EngineConnection, reason: string): EngineConnection {
  const streamFailure = before.streamFailure ?? reason;
  return { ...before, isConnected: false, streamFailure, failure: before.listFailure === undefined ? streamFailure : before.failure };
}
