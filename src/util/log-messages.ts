/** One message of the log. `docs/logs.md` is generated from these. */
interface LogMessage {
  readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug';
  /** A static phrase; varying values are in the fields. */
  readonly message: string;
  readonly meaning: string;
  /** The advice for the reader of the line. */
  readonly action: string;
  readonly fields: readonly LogField[];
  /** Fields of some of the lines only. */
  readonly optional?: readonly LogField[];
}

/** The meaning of each field. */
export const logFields = {
  call: 'the call to the engine: `/events`, `/services`, `/tasks` or `/version`',
  changes:
    'the routes and addresses that were added (`+`) and removed (`-`); `+ meet/backend -> 503` is a service without a replica in rotation',
  check: 'the value of `--check`',
  containers:
    'the containers that entered or left the rotation, each with the reason, at most 20: `backend-2: out of rotation: health check fails, and others are better`',
  cure: 'how to fix the cause',
  diff: 'the difference to the file before, line by line',
  engine: 'the address of the engine; on Swarm those of the managers',
  err: 'the error: `type`, `message` and `stack`',
  generation: 'the generation of the file',
  instance: 'the instance; in `starting meet-gen` the value of `--instance`, or `all`',
  liveMs: 'the milliseconds from the event until nginx answered with no other generation',
  node: 'the version of Node',
  out: 'the value of `--out`',
  part: 'the part of meet-gen: `the pass of meet` is the pass of the instance `meet`',
  problem:
    '`code`, and the subject of the problem: `instance`, `container`, `key`, `value`; also `severity`, `message` and `cure`, but not in `problem resolved`',
  reason: 'why there was no test, or no answer: the words of the engine or of the frontend',
  reload: 'the value of `--reload`',
  serve: 'the value of `--serve`',
  servingMs: 'the milliseconds from the event until nginx first answered with the generation',
  source: 'the value of `--source`',
  underWay: 'the work that had not ended',
  unverified: 'the number of frontends that do not answer',
  version: 'the version of meet-gen',
  why: 'the events, and other reasons, that led to the change',
} as const;

export type LogField = keyof typeof logFields;

/** Every message that meet-gen logs. */
export const logMessages = {
  starts: {
    level: 'info',
    message: 'starting meet-gen',
    meaning: 'The options are valid, and meet-gen opens its files and sockets next.',
    action: 'nothing',
    fields: ['version', 'node', 'source', 'engine', 'out', 'instance', 'reload', 'check'],
  },
  engineConnected: {
    level: 'info',
    message: 'connected to the engine',
    meaning: 'meet-gen hears the events of the engine, or on Swarm of a manager: at the start, and again after the connection was lost.',
    action: 'nothing',
    fields: ['engine'],
  },
  published: {
    level: 'debug',
    message: 'file published',
    meaning: 'meet-gen has written the file into the volume. No frontend is proven to serve the file yet.',
    action: 'nothing; `routes are live` follows',
    fields: ['instance', 'generation'],
  },
  routesLive: {
    level: 'info',
    message: 'routes are live',
    meaning: 'The frontends are proven to serve a change. There is one line for each change.',
    action: 'nothing',
    fields: ['instance', 'generation', 'changes', 'why'],
    optional: ['servingMs', 'liveMs', 'containers', 'unverified'],
  },
  routesLiveAgain: {
    level: 'debug',
    message: 'routes are live again',
    meaning: 'The frontends are proven to serve the generation of the last `routes are live`: a change was undone before it was live.',
    action: 'nothing',
    fields: ['instance', 'generation', 'changes', 'why'],
    optional: ['servingMs', 'liveMs', 'containers', 'unverified'],
  },
  routesUnproven: {
    level: 'warn',
    message: 'routes are published, but no frontend answers',
    meaning:
      'The file is in the volume, but meet-gen cannot prove that a frontend serves the file. There is one line for each change; `routes are live` follows when a frontend answers.',
    action: 'follow the cure of the problem `reload-unverified`',
    fields: ['instance', 'generation', 'changes', 'why', 'unverified'],
    optional: ['servingMs', 'liveMs', 'containers'],
  },
  containersChanged: {
    level: 'info',
    message: 'containers changed, routes unchanged',
    meaning:
      'Containers entered or left the rotation, or their state changed, and the published file stays. For example, a new replica is unhealthy.',
    action: 'see the reason of each container',
    fields: ['instance', 'containers', 'why'],
  },
  fileDiff: {
    level: 'debug',
    message: 'diff of the published file',
    meaning: 'The lines of the file that the last `routes are live` line changed.',
    action: 'nothing',
    fields: ['instance', 'generation', 'diff'],
  },
  problem: {
    level: 'error',
    message: 'problem',
    meaning: 'A problem that costs routes. meet-gen logs a problem once while it lasts.',
    action: 'follow the `cure` of the problem; [every code](problems.md)',
    fields: ['problem'],
  },
  problemWarning: {
    level: 'warn',
    message: 'problem',
    meaning: 'A problem that costs a label or a choice.',
    action: 'follow the `cure` of the problem; [every code](problems.md)',
    fields: ['problem'],
  },
  notice: {
    level: 'info',
    message: 'notice',
    meaning: 'A problem that costs nothing; for example, an operator drained a container.',
    action: 'nothing, or follow the `cure` of the problem; [every code](problems.md)',
    fields: ['problem'],
  },
  problemResolved: {
    level: 'info',
    message: 'problem resolved',
    meaning: 'A problem or a notice that was logged before no longer exists.',
    action: 'nothing',
    fields: ['problem'],
  },
  resyncRequested: {
    level: 'info',
    message: 'resync requested (SIGHUP)',
    meaning: 'meet-gen received SIGHUP: it lists all containers, and asks nginx again about everything that nginx refused.',
    action: 'nothing',
    fields: [],
  },
  testsUnavailable: {
    level: 'info',
    message: 'frontends can not test a file before it is published',
    meaning:
      'The engine, or a proxy before it, refuses exec. A change of structure is published without a test, and a refusal is found after the reload. With `--check exec` no such change is published.',
    action: 'allow exec ([socket proxies](engine-access.md)), use `--reload hook`, or accept the rollback after a refusal',
    fields: ['reason'],
  },
  testRetried: {
    level: 'debug',
    message: 'test of a new file gave no result, testing again',
    meaning: 'No frontend could test the file with a change of structure, so meet-gen does not publish the file yet.',
    action: 'nothing',
    fields: ['instance', 'reason'],
  },
  testSkipped: {
    level: 'info',
    message: 'test of a new file gave no result, publishing untested',
    meaning:
      'No frontend could test the file with a change of structure in several tries. meet-gen publishes the file, and a refusal is found after the reload.',
    action: 'fix the cause in `reason`, if the message comes back',
    fields: ['instance', 'reason'],
  },
  lastGoodUnreadable: {
    level: 'warn',
    message: 'rollback file (.editions.json) could not be read',
    meaning:
      '`.editions.json` in the volume is damaged or cannot be read. No last good structure is known until nginx accepts a file; meet-gen then writes `.editions.json` again.',
    action: 'fix the cause in `err`, if the file cannot be read; a damaged file needs nothing',
    fields: ['instance', 'err'],
  },
  ownerInvalid: {
    level: 'warn',
    message: 'owner file (.owner.json) is damaged',
    meaning:
      '`.owner.json` in the volume is damaged. meet-gen decides again which compose project owns the instance ([how](operations.md#the-owner-of-an-instance)), and writes `.owner.json` again.',
    action: 'set `--project` to choose the owner; otherwise nothing',
    fields: ['instance'],
  },
  ownerUnreadable: {
    level: 'warn',
    message: 'owner file (.owner.json) could not be read',
    meaning:
      '`.owner.json` in the volume cannot be read. meet-gen reads the file again at each resync. Meanwhile an instance that several projects claim has no owner.',
    action: 'fix the cause in `err`, or set `--project`',
    fields: ['instance', 'err'],
  },
  drainsUnreadable: {
    level: 'warn',
    message: 'drain file (.drained.json) could not be read',
    meaning: '`.drained.json` in the volume is damaged or cannot be read. Containers that `meet-gen drain` took out get requests again.',
    action: 'drain them again: `meet-gen drain`',
    fields: ['err'],
  },
  versionsUnreadable: {
    level: 'warn',
    message: 'nginx version file (.versions.json) could not be read',
    meaning:
      '`.versions.json` in the volume is damaged or cannot be read. meet-gen asks each frontend for its nginx version; a slow one gets a file for an older nginx first.',
    action: 'fix the cause in `err`, if the file cannot be read; a damaged file needs nothing',
    fields: ['err'],
  },
  readerStarts: {
    level: 'info',
    message: 'starting the reader',
    meaning: 'The options of `meet-gen reader` are valid, and the reader asks its engine next.',
    action: 'nothing',
    fields: ['version', 'node', 'engine', 'serve'],
  },
  readerServes: {
    level: 'info',
    message: 'reader answers the nodes',
    meaning: 'The reader listens. While its engine fails, the answers are 503, and the nodes ask another manager.',
    action: 'nothing',
    fields: ['serve'],
  },
  readerEngineFails: {
    level: 'warn',
    message: 'engine gives the reader no answer',
    meaning: 'A call of the reader to its engine failed. The reader retries at the next question of a node, and logs the failure once.',
    action: 'follow the `cure`',
    fields: ['engine', 'call', 'reason', 'cure'],
  },
  readerEngineAnswers: {
    level: 'info',
    message: 'engine answers the reader again',
    meaning: 'A call of the reader to its engine succeeded after a failure.',
    action: 'nothing',
    fields: ['engine', 'call'],
  },
  partFailed: {
    level: 'error',
    message: 'a part of meet-gen failed',
    meaning:
      'An error in one part of meet-gen, most likely a bug. The other parts go on, the published file stays, and meet-gen retries the part. The error is logged once, not at each retry.',
    action: 'follow the `cure`; [how to report a bug](contributing.md#reporting-a-bug)',
    fields: ['part', 'err', 'cure'],
  },
  partWorks: {
    level: 'info',
    message: 'a part of meet-gen works again',
    meaning: 'A retry of the part succeeded.',
    action: 'nothing',
    fields: ['part'],
  },
  bug: {
    level: 'fatal',
    message: 'this is a bug in meet-gen',
    meaning:
      'No part of meet-gen caught the error. meet-gen exits with 1. A restart is safe, and nginx serves the published file meanwhile.',
    action: '[report the bug](contributing.md#reporting-a-bug)',
    fields: ['err', 'cure'],
  },
  stopRequested: {
    level: 'info',
    message: 'stop requested (SIGTERM or SIGINT)',
    meaning: 'meet-gen ends the pass under way and exits within 2 s. The published file stays, and nginx goes on serving it.',
    action: 'nothing',
    fields: [],
  },
  stopped: {
    level: 'info',
    message: 'stop complete, meet-gen exits',
    meaning: 'meet-gen has ended the work under way and closed the sockets. This is the last line of the process.',
    action: 'nothing',
    fields: [],
  },
  stopForced: {
    level: 'error',
    message: 'stop forced, work did not end in time',
    meaning:
      'Work was still under way at the end of the time for a stop. meet-gen exits with 1, or with 137 or 139 where a file operation hangs.',
    action: 'see `underWay`: a file operation that hangs points to the disk or the mount',
    fields: ['underWay'],
  },
} as const satisfies Readonly<Record<string, LogMessage>>;

export type LogMessageName = keyof typeof logMessages;
