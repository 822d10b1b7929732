/**
 * meet-gen reaches the engine by lists and by the event stream, and each can fail alone. Each keeps its first error until it
 * works again. The older error is reported, and stays the same while the other way is retried.
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
