import type { Engine } from '../providers/engine/docker-command.ts';
import { provideImages } from '../providers/engine/stand-ins.ts';
import { cleanUp, composeProjectName } from '../providers/engine/test-run.ts';
import { statusPort } from './compose-file.ts';
import { Interrupted } from './interruption.ts';
import { letGoOfKeptEngine, noteKeptEngine, removeFolder, removeProject } from './kept.ts';
import { createMeetGenLog } from './meet-gen-log.ts';
import type { MeetGenLog } from './meet-gen-log.ts';
import { playStory } from './play.ts';
import { buildMeetGen, createProject } from './project.ts';
import type { Project } from './project.ts';
import type { Screen } from './screen.ts';
import { createStage } from './stage.ts';
import { firstEdits, story } from './story.ts';
import { showSummary } from './summary.ts';
import { createTraffic } from './traffic.ts';
import { apiPath, createVisitor, describeAnswer, roomPath } from './visitor.ts';
import { ProofFailed, waitFor } from './wait-for.ts';

export interface ShowOptions {
  readonly engine: Engine;
  /** Leave everything running at the end, also after a failed proof. */
  readonly keep: boolean;
  /** The engine keeps running only for this demo. */
  readonly keepsEngine: boolean;
  readonly screen: Screen;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Builds the stage, plays the story, shows the figures, and removes everything unless `keep` is set. */
export async function show(options: ShowOptions): Promise<void> {
  const { engine, keep, keepsEngine, screen, log, signal } = options;
  const releases: (() => Promise<void> | void)[] = [() => cleanUp(engine)];
  if (keepsEngine) releases.push(() => letGoOfKeptEngine(log));
  let leave = false;
  try {
    const images = await provideImages(engine, { log });
    signal.throwIfAborted();
    log('Building meet-gen from the Dockerfile');
    releases.push(() => removeProject(engine, composeProjectName('demo')));
    const image = await buildMeetGen(engine);
    const project = await createProject(engine, images, image, keep);
    releases.push(() => removeFolder(project.folder));
    if (keepsEngine) noteKeptEngine(project.folder);
    const meetGenLog = createMeetGenLog(engine);
    try {
      leave = keep;
      await playDemo(options, project, meetGenLog);
    } finally {
      meetGenLog.stop();
    }
    if (keep) await showAddresses(options, project);
  } catch (cause) {
    // An error after an interruption comes from the interruption.
    if (!signal.aborted) throw cause;
    leave = false;
    throw new Interrupted('interrupted', { cause });
  } finally {
    if (!leave) await releaseAll(releases, screen);
  }
}

/** Plays the story, and shows the table of figures. */
async function playDemo({ engine, screen, signal }: ShowOptions, project: Project, log: MeetGenLog): Promise<void> {
  const startedAtMs = Date.now();
  project.edit(firstEdits);
  await project.type('docker compose up -d nginx-proxy frontend');
  const port = await project.publishedPort('nginx-proxy', 80);
  const visit = createVisitor(port);
  await waitFor(async () => ((await visit(roomPath)).status === undefined ? undefined : true), {
    withinMs: 15_000,
    otherwise: () => `no answer at http://127.0.0.1:${port}: the demo needs an engine on this machine, but the engine is at ${engine.host}`,
    signal,
  });
  screen.line();
  screen.line(screen.paint('bold', 'meet-gen: labels in compose become live routes'));
  screen.line(`   browser → nginx-proxy (http://127.0.0.1:${port}) → 2 frontends → backends, in ${project.folder}`);
  const traffic = createTraffic(visit);
  const stage = createStage({ project, log, visit, traffic, screen, signal });
  const { results, failures } = await playStory(story, stage, traffic, screen);
  screen.line();
  showSummary(screen, results);
  screen.line();
  if (failures.length > 0) throw new ProofFailed(`background requests failed:\n${failures.join('\n')}`);
  const answer = await visit(roomPath);
  if (answer.status !== 200) throw new ProofFailed(`a room should answer 200 at the end, but: ${describeAnswer(answer)}`);
  const seconds = Math.round((Date.now() - startedAtMs) / 1000);
  screen.line(screen.paint(['green', 'bold'], `   Every proof held, no request failed; ${seconds} s.`));
}

async function showAddresses({ engine, screen }: ShowOptions, project: Project): Promise<void> {
  const outer = `http://127.0.0.1:${await project.publishedPort('nginx-proxy', 80)}`;
  const status = `http://127.0.0.1:${await project.publishedPort('meet-gen', statusPort)}/status`;
  const places = [
    [`${outer}/`, 'the SPA'],
    [`${outer}${apiPath}`, 'a backend'],
    [status, "meet-gen's status"],
    [`cd ${project.folder}`, 'compose.yaml and templates/, to edit'],
    ...(engine.provided
      ? [['eval "$(npx tsx test/providers/engine/cli.ts up)"', 'in the checkout: then docker in this shell reaches the engine']]
      : []),
    ['npm run demo -- --down', 'in the checkout: removes the demo'],
  ];
  screen.line();
  screen.line('The demo keeps running:');
  for (const [place = '', meaning = ''] of places) screen.line(`   ${place.padEnd(50)} ${meaning}`);
}

/** Releases in reverse order. Shows a failure and goes on. */
async function releaseAll(releases: readonly (() => Promise<void> | void)[], screen: Screen): Promise<void> {
  screen.passing('Cleaning up …');
  for (const release of releases.toReversed()) {
    try {
      await release();
    } catch (error) {
      screen.line(screen.paint('yellow', `A cleanup step failed: ${error instanceof Error ? error.message : String(error)}`));
    }
  }
  screen.clear();
}
