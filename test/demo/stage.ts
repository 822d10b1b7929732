import type { InstanceStatus } from '../../src/status/snapshot.ts';
import { logMessages } from '../../src/util/log-messages.ts';
import { askStatus } from './ask-status.ts';
import { statusPort } from './compose-file.ts';
import { isLive } from './meet-gen-log.ts';
import type { LogEntry, MeetGenLog, LoggedProblem } from './meet-gen-log.ts';
import type { DemoContainer, Project } from './project.ts';
import type { Screen } from './screen.ts';
import type { Traffic } from './traffic.ts';
import { describeAnswer, isJson, isSpa, roomPath, apiPath } from './visitor.ts';
import type { Answer, Visit } from './visitor.ts';
import { ProofFailed, waitFor } from './wait-for.ts';

/** The tools of a step: it acts, waits for meet-gen's log and status, and proves the result by requests. */
export interface Stage {
  readonly project: Project;
  readonly log: MeetGenLog;
  /** Shows a line of the step's story. */
  narrate(text: string): void;
  /** Shows a docker command line, and runs it. */
  type(commandLine: string): Promise<string>;
  /** Shows an edit of a file. */
  showEdit(file: string, ...lines: readonly string[]): void;
  showCommand(commandLine: string): void;
  /** Reads the log and the status of a newly started meet-gen. */
  listenToMeetGen(): Promise<void>;
  /**
   * Waits until meet-gen's status and log both report that it has converged on this state, and shows its log.
   * From then on the proofs must hold immediately.
   */
  waitUntilConverged(what: string, fits: (instance: InstanceStatus, seenAtMs: number) => boolean): Promise<void>;
  /** Waits until exactly these containers of a service are in rotation. */
  waitUntilInRotation(service: string, expected: readonly DemoContainer[]): Promise<void>;
  /** Waits until the log entries that are not shown yet fit, and shows them. */
  waitForLog(what: string, fits: (entries: readonly LogEntry[]) => boolean): Promise<void>;
  status(): ReturnType<typeof askStatus>;
  /** Shows a proof. @throws ProofFailed unless it holds now */
  prove(holds: boolean, proven: string, otherwise: () => string): void;
  /** Proves that these backends answer all of many API requests, and that each of them answers. */
  proveBackends(expected: readonly DemoContainer[]): Promise<void>;
  proveAnswer(path: string, meant: string, fits: (answer: Answer) => boolean): Promise<void>;
  /** Proves that the SPA answers a room whose name begins like the API's path. */
  proveRoom(): Promise<void>;
  visit(path: string): Promise<Answer>;
  visitMany(path: string): Promise<readonly Answer[]>;
  /** Resolves when the current background requests are answered. */
  settleTraffic(): Promise<void>;
  readonly signal: AbortSignal;
}

/** A stage that also has meet-gen's log of a step, for the summary. */
export interface DirectedStage extends Stage {
  beginStep(): void;
  /** meet-gen's log since the start of the step. */
  logOfStep(): readonly LogEntry[];
}

export interface StageParts {
  readonly project: Project;
  readonly log: MeetGenLog;
  readonly visit: Visit;
  readonly traffic: Traffic;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

const liveWithinMs = 20_000;
const many = 60;
const atOnce = 4;
const shownChanges = 6;
const indent = '   ';

export function createStage({ project, log, visit, traffic, screen, signal }: StageParts): DirectedStage {
  let stepBeganAt = 0;
  let shown = 0;
  let statusUrl = '';

  const row = (head: string, text: string): void => screen.line(`${indent}${screen.paint('dim', head.padEnd(9))} ${text}`);
  const own = (text: string): string => text.replaceAll(`${project.name}/`, '').replaceAll(`${project.name}-`, '');

  const showEntry = (entry: LogEntry): void => {
    if (isLive(entry)) showLive(entry);
    else if (entry.problem !== undefined && entry.msg !== logMessages.problemResolved.message) showProblem(entry.msg, entry.problem);
    else if (entry.problem !== undefined) row('meet-gen', screen.paint('green', `${entry.msg}: ${entry.problem.code}`));
  };
  const showLive = (entry: LogEntry): void => {
    const lines = foldPaths(entry.changes ?? []).map(own);
    const wording = lines.length === 0 ? [`no route changed: generation ${entry.generation ?? ''}`] : lines;
    const cut = wording.slice(0, shownChanges).map((change) => paintChange(screen, change));
    if (wording.length > shownChanges) cut.push(`… and ${wording.length - shownChanges} more`);
    for (const [index, line] of cut.entries()) row(index === 0 ? 'meet-gen' : '', line);
    const times =
      entry.servingMs === undefined
        ? 'live'
        : `served after ${screen.paint('bold', `${entry.servingMs} ms`)}, live (no old worker answers) after ${entry.liveMs} ms`;
    row('', `${times}${entry.unverified === undefined ? '' : `; frontends without an answer: ${entry.unverified}`}`);
  };
  const showProblem = (word: string, { code, key, container, message = '', cure = '' }: LoggedProblem): void => {
    const about = [code, key, container].filter((part) => part !== undefined).join(', ');
    row('meet-gen', screen.paint('yellow', own(`${word}: ${about}`)));
    row('', own(`${message}; ${cure}`));
  };
  const showNew = (): void => {
    for (const entry of log.entries().slice(shown)) showEntry(entry);
    shown = log.entries().length;
  };

  const waitForMeetGen = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    screen.passing(`${indent}waiting for meet-gen: ${what}`);
    await waitFor(async () => ((await isSo()) ? true : undefined), {
      withinMs: liveWithinMs,
      otherwise: () => {
        const logged = log.entries().slice(shown).map(describeEntry);
        return own(`meet-gen did not report within ${liveWithinMs / 1000} s: ${what}. Its log: ${logged.join('; ') || 'empty'}`);
      },
      signal,
    });
    showNew();
  };
  const waitForLog = (what: string, fits: (entries: readonly LogEntry[]) => boolean): Promise<void> =>
    waitForMeetGen(what, async () => fits(log.entries().slice(shown)));
  const waitUntilConverged = (what: string, fits: (instance: InstanceStatus, seenAtMs: number) => boolean): Promise<void> =>
    waitForMeetGen(what, async () => {
      const { converged, instances, engine } = await askStatus(statusUrl);
      const [instance] = instances;
      if (!converged || instance === undefined || !fits(instance, Date.parse(engine.lastSyncAt ?? ''))) return false;
      return log.entries().findLast(isLive)?.generation === instance.publishedGeneration;
    });

  const prove = (holds: boolean, proven: string, otherwise: () => string): void => {
    if (!holds) throw new ProofFailed(own(otherwise()));
    row('proof', `${screen.paint('green', '✓')} ${own(proven)}`);
  };

  const visitMany = async (path: string): Promise<readonly Answer[]> => {
    const answers: Answer[] = [];
    while (answers.length < many) answers.push(...(await Promise.all(Array.from({ length: atOnce }, () => visit(path)))));
    return answers;
  };

  const proveAnswer = async (path: string, meant: string, fits: (answer: Answer) => boolean): Promise<void> => {
    const answer = await visit(path);
    prove(
      fits(answer),
      `GET ${path} → ${describeAnswer(answer)}: ${meant}`,
      () => `GET ${path} should get ${meant}, but got ${describeAnswer(answer)} ${answer.body.slice(0, 200)}`,
    );
  };

  return {
    project,
    log,
    signal,
    visit,
    visitMany,
    settleTraffic: traffic.settle,
    narrate: (text) => screen.line(`${indent}${text}`),
    async type(commandLine) {
      screen.line(`${indent}${screen.paint('cyan', `$ ${commandLine}`)}`);
      screen.passing(`${indent}…`);
      const output = await project.type(commandLine);
      signal.throwIfAborted();
      return output;
    },
    showCommand: (commandLine) => screen.line(`${indent}${screen.paint('cyan', `$ ${commandLine}`)}`),
    showEdit(file, ...lines) {
      screen.line(`${indent}${screen.paint('cyan', `✎ ${file}`)}`);
      for (const line of lines) screen.line(`${indent}  ${paintChange(screen, line)}`);
    },
    async listenToMeetGen() {
      const [container] = await project.containers('meet-gen');
      if (container === undefined) throw new Error('meet-gen has no container');
      log.follow(container.name, container.startedAt);
      statusUrl = `http://127.0.0.1:${await project.publishedPort('meet-gen', statusPort)}/status`;
    },
    waitUntilConverged,
    waitUntilInRotation(service, expected) {
      const ids = expected.map(({ hostname }) => hostname).toSorted();
      const names = expected.map(({ shortName }) => shortName).join(', ');
      return waitUntilConverged(`in rotation for ${service}: ${names || 'no container'}`, ({ services }) => {
        const replicas = services.find((known) => known.service === `${project.name}/${service}`)?.replicas ?? [];
        const inRotation = replicas.filter((replica) => replica.inRotation).map(({ id }) => id);
        return JSON.stringify(inRotation.toSorted()) === JSON.stringify(ids);
      });
    },
    waitForLog,
    status: () => askStatus(statusUrl),
    prove,
    async proveBackends(expected) {
      const answers = await visitMany(apiPath);
      const good = answers.filter(isJson);
      const counts = expected.map((container) => ({
        name: container.shortName,
        count: good.filter((answer) => answer.answeredBy === container.hostname).length,
      }));
      const answered = counts.reduce((sum, { count }) => sum + count, 0);
      const listed = counts.map(({ name, count }) => `${name} ${count}`).join(', ');
      prove(
        answered === answers.length && counts.every(({ count }) => count > 0),
        `${answered} of ${answers.length} requests answered, by ${listed} only`,
        () => {
          const others = answers.filter((answer) => !isJson(answer) || !expected.some(({ hostname }) => hostname === answer.answeredBy));
          const unexpected = [...new Set(others.map((answer) => `${describeAnswer(answer)} by ${answer.answeredBy ?? 'no container'}`))];
          return `${answers.length} requests should be answered by exactly ${counts.length} backends, but: ${[listed, ...unexpected].join('; ')}`;
        },
      );
    },
    proveAnswer,
    proveRoom: () => proveAnswer(roomPath, 'a room, from the SPA', isSpa),
    beginStep() {
      stepBeganAt = log.entries().length;
      shown = stepBeganAt;
    },
    logOfStep() {
      showNew();
      return log.entries().slice(stepBeganAt);
    },
  };
}

function describeEntry(entry: LogEntry): string {
  const { msg, changes = [], problem } = entry;
  return [msg, ...foldPaths(changes), ...(problem === undefined ? [] : [problem.code, problem.message ?? ''])].join(', ');
}

function paintChange(screen: Screen, change: string): string {
  if (change.startsWith('+ ')) return screen.paint('green', change);
  return change.startsWith('- ') ? screen.paint('red', change) : change;
}

/** Folds paths with the same target into one line: `+ 18 locations -> backend`. */
function foldPaths(changes: readonly string[]): readonly string[] {
  const ways = new Map<string, string[]>();
  const lines: string[] = [];
  for (const change of changes) {
    const [, sign, path, target] = /^([+-]) (=?\/\S*) -> (.+)$/.exec(change) ?? [];
    if (sign === undefined || path === undefined || target === undefined) {
      lines.push(change);
      continue;
    }
    const way = `${sign} -> ${target}`;
    ways.set(way, [...(ways.get(way) ?? []), path]);
  }
  for (const [way, paths] of ways)
    lines.push(`${way[0]} ${paths.length > 3 ? `${paths.length} locations` : paths.join(', ')}${way.slice(1)}`);
  return lines;
}
