/**
 * Two ways to the engine, lists and the event stream, which can fail one without the other. Each keeps its first reason until it
 * works again. The reason that came first is reported, and stays the same while the other way is retried.
 */
export interface EngineConnection {
  /** Events are heard. */
  readonly isConnected: boolean;
  readonly listFailure?: string | undefined;
  readonly streamFailure?: string | undefined;
  /** What is reported. */
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
