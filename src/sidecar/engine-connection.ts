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
  /** Since when there is one (ISO 8601). */
  readonly failingSince?: string | undefined;
}

export function afterList(before: EngineConnection): EngineConnection {
  return before.streamFailure === undefined ? withoutFailure({ ...before, listFailure: undefined }) : { ...before, listFailure: undefined };
}

/** @param at ISO 8601 */
export function afterListFailure(before: EngineConnection, reason: string, at: string): EngineConnection {
  const listFailure = before.listFailure ?? reason;
  const failure = before.streamFailure === undefined ? listFailure : before.failure;
  return { ...before, listFailure, failure, failingSince: before.failingSince ?? at };
}

export function afterConnect(before: EngineConnection): EngineConnection {
  const after = { ...before, isConnected: true, streamFailure: undefined };
  return before.listFailure === undefined ? withoutFailure(after) : after;
}

/** @param at ISO 8601 */
export function afterDisconnect(before: EngineConnection, reason: string, at: string): EngineConnection {
  const streamFailure = before.streamFailure ?? reason;
  const failure = before.listFailure === undefined ? streamFailure : before.failure;
  return { ...before, isConnected: false, streamFailure, failure, failingSince: before.failingSince ?? at };
}

function withoutFailure(connection: EngineConnection): EngineConnection {
  return { ...connection, failure: undefined, failingSince: undefined };
}
